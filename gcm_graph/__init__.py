"""A knowledge graph of migration-policy commitments, asked by name and answered with a citation."""

from gcm_graph.questions import ask

__all__ = ["ask"]
