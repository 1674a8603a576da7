"""Identifiers: the base IRI, the one prefix table, and the way from an IRI to a short name and back."""

from typing import Final

BASE: Final = "https://w3id.org/gcm-graph"
ID: Final = f"{BASE}/id/"

LANGUAGES: Final = ("en", "es")

# One scheme of codes, one prefix, one file: `group:migrants` is a concept of instances/vocabulary/group.ttl.
SCHEMES: Final = (
    "act authority basis bearer condition coverage-role exclusion form ground group kind measure phase qualifier "
    "quantifier right role service situation stage status strength term theme voice"
).split()

PREFIXES: Final = {
    "gcm": f"{BASE}/ontology#",
    "gcmid": ID,
    "gcmsh": f"{BASE}/shapes#",
    **{name: f"{ID}{name}/" for name in (*SCHEMES, "agent", "instrument")},
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "oa": "http://www.w3.org/ns/oa#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vann": "http://purl.org/vocab/vann/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

# Longest namespace first, so that `group:` wins over `gcmid:`.
_BY_LENGTH = sorted(((namespace, prefix) for prefix, namespace in PREFIXES.items()), key=lambda pair: -len(pair[0]))


def expand(name: str) -> str:
    """Return the IRI of a prefixed name; a name with an unknown prefix, or an IRI, comes back as it is."""
    prefix, colon, local = name.partition(":")
    return PREFIXES[prefix] + local if colon and prefix in PREFIXES else name


def compact(iri: str) -> str:
    """Return the shortest name for an IRI: prefixed where the table knows its namespace, else the IRI."""
    for namespace, prefix in _BY_LENGTH:
        if iri.startswith(namespace) and iri != namespace:
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri
