"""The Debian package index -> entities with typed, weighted relations.

An entity is a package: its type is its section, its children are what it needs, its parents are what needs it.
  strength of a relation = base(type) / alternatives * (0.5 + 0.5 * log(1 + size of the child) / log(1 + largest size))
with base Pre-Depends 1.0, Depends 0.9, Recommends 0.6, Suggests 0.3, Enhances 0.2; `a | b` has two alternatives. At most
the 64 strongest children and the 64 strongest parents are kept (libc6 alone has 25,000 parents).
"""
import os
import re
import subprocess
import sys

import numpy as np

from sampling import text_vectors
from sampling.names import short

BASE = {"Pre-Depends": 1.0, "Depends": 0.9, "Recommends": 0.6, "Suggests": 0.3, "Enhances": 0.2}
WANTED = set(BASE) | {"Package", "Section", "Installed-Size", "Description", "Tag"}
KEPT = 64
HOPS = 5         # radius of the neighbourhoods whose growth gives the fractal dimension
SKETCHES = 32    # bit masks per package in the neighbourhood estimate: about 13 % error


def read_index():
    """(text of the index, where it came from)."""
    dump = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, errors="replace", check=False)
    if dump.returncode == 0 and dump.stdout.count("\nPackage: ") > 1000:
        return dump.stdout, "apt-cache dumpavail"
    with open("/var/lib/dpkg/status", encoding="utf-8", errors="replace") as f:
        text = f.read()
    if "Package: " not in text:
        sys.exit("sample: neither apt's package lists nor /var/lib/dpkg/status list any package")
    print("sample: apt has no package lists (run apt-get update); taking the installed packages only", file=sys.stderr)
    return text, "/var/lib/dpkg/status"


def parse(text):
    """One dict of the wanted fields per package; the first version of a name wins."""
    packages = {}
    for paragraph in text.split("\n\n"):
        fields, name = {}, None
        for line in paragraph.split("\n"):
            if line[:1] in " \t" and line:
                if name:
                    fields[name] += " " + line.strip()
                continue
            key, _, value = line.partition(": ")
            name = key if key in WANTED else None
            if name:
                fields[name] = value
        if "Package" in fields:
            packages.setdefault(fields["Package"], fields)
    return list(packages.values())


def parse_relations(fields, number_of):
    """(child number, type, base / alternatives) of one package; the strongest type wins for a child."""
    best = {}
    for kind, base in BASE.items():
        for clause in fields.get(kind, "").split(","):
            names = [re.split(r"[\s:(\[<]", a.strip(), maxsplit=1)[0] for a in clause.split("|")]
            for name in names:
                child = number_of.get(name)
                weight = base / len(names)
                if child is not None and weight > best.get(child, (None, 0.0))[1]:
                    best[child] = (kind, weight)
    return [(child, kind, weight) for child, (kind, weight) in best.items()]


def network_dimension(count, sources, targets):
    """Fractal dimension of the dependency network around each package: the slope of log N(r) over log r, N(r) being
    the packages reached in r hops (C. Song, S. Havlin, H. Makse, "Self-similarity of complex networks", Nature 433
    (2005)). N(r) is estimated with bit masks (C. Palmer, P. Gibbons, C. Faloutsos, "ANF: a fast and scalable tool for
    data mining in massive graphs", KDD 2002). NaN where nothing is reached."""
    generator = np.random.default_rng(1)
    bit = np.minimum(generator.geometric(0.5, size=(count, SKETCHES)) - 1, 31)
    masks = (np.uint32(1) << bit.astype(np.uint32)).astype(np.uint32)
    order = np.argsort(sources, kind="stable")
    sources, targets = sources[order], targets[order]
    having, first = np.unique(sources, return_index=True)
    logs = np.empty((count, HOPS))
    for hop in range(HOPS):
        grown = masks.copy()
        if len(having):
            grown[having] |= np.bitwise_or.reduceat(masks[targets], first, axis=0)
        masks = grown
        lowest_zero = np.log2((~masks & (masks + np.uint32(1))).astype(np.float64))
        logs[:, hop] = lowest_zero.mean(axis=1) * np.log(2) - np.log(0.77351)
    x = np.log(np.arange(1, HOPS + 1))
    slope = (logs - logs.mean(axis=1, keepdims=True)) @ (x - x.mean()) / ((x - x.mean()) @ (x - x.mean()))
    result = np.full(count, np.nan)
    result[having] = slope[having]
    return result


class Index:
    """All packages, or the `max_entities` most depended on, with their relations."""

    def __init__(self, max_entities, progress):
        text, self.source = read_index()
        packages = parse(text)
        progress(f"{len(packages)} packages read from {self.source}")
        number_of = {p["Package"]: i for i, p in enumerate(packages)}
        relations = [parse_relations(p, number_of) for p in packages]
        sources = np.array([i for i, r in enumerate(relations) for _ in r], dtype=np.int64)
        targets = np.array([child for r in relations for child, _, _ in r], dtype=np.int64)
        dimension = network_dimension(len(packages), sources, targets)
        progress(f"{len(sources)} relations")

        keep = np.arange(len(packages))
        if 0 < max_entities < len(packages):
            wanted_by = np.bincount(targets, minlength=len(packages))
            keep = np.sort(np.argsort(-wanted_by, kind="stable")[:max_entities])
        self.packages = [packages[i] for i in keep]
        self.dimension = dimension[keep]
        self._relate(packages, relations, keep)
        self.progress = progress

    def _relate(self, packages, relations, keep):
        sizes = np.array([int(p.get("Installed-Size", "0")) for p in packages], dtype=np.float64)
        size_factor = 0.5 + 0.5 * np.log1p(sizes) / np.log1p(max(sizes.max(), 1.0))
        children = [[] for _ in packages]
        parents = [[] for _ in packages]
        for i, found in enumerate(relations):
            for child, kind, weight in found:
                strength = weight * size_factor[child]
                children[i].append((packages[child]["Package"], kind, strength))
                parents[child].append((packages[i]["Package"], kind, strength))

        def strongest(all_of_one):
            return sorted(all_of_one, key=lambda r: (-r[2], r[0]))[:KEPT]

        self.child_total = np.array([sum(r[2] for r in children[i]) for i in keep])
        self.weak_share = np.array([sum(r[1] not in ("Depends", "Pre-Depends") for r in children[i]) /
                                    max(len(children[i]), 1) for i in keep])
        self.children = [strongest(children[i]) for i in keep]
        self.parents = [strongest(parents[i]) for i in keep]

    def _role(self, i):
        if not self.children[i]:
            return "leaf" if self.parents[i] else "island"
        return "bridge" if self.parents[i] else "root"

    def write(self, table, recordings, epoch_ns):
        """fmo_entities: recordings first, then packages. Rows are a millisecond apart in last_modified."""
        packages = self.packages
        count, extra = len(recordings) + len(packages), len(recordings)
        texts = HashedDescriptions(packages)
        state = table.scratch("i_am_vector", count, 512, np.float32)
        embedding = table.scratch("embedding_vector", count, 768, np.float16)
        state[:extra], embedding[:extra] = 0, 0
        texts.project(state[extra:], 2, self.progress, "state vectors of the descriptions")
        texts.project(embedding[extra:], 3, self.progress, "embedding vectors of the descriptions")
        valid = np.concatenate([np.zeros(extra, dtype=bool), texts.present()])
        table.validity("i_am_vector", valid)
        table.validity("embedding_vector", valid)

        created = [installed_ns(p["Package"]) for p in packages]
        table.values("entity_id", [r["entity_id"] for r in recordings] + [short(p["Package"], 64) for p in packages])
        table.values("entity_type", [r["entity_type"] for r in recordings] +
                     [short(p.get("Section", "unknown"), 32) for p in packages])
        table.numbers("creation_timestamp", np.array([0] * extra + [c or 0 for c in created], dtype=np.int64),
                      np.array([False] * extra + [c is not None for c in created]))
        table.numbers("last_modified", epoch_ns - np.arange(count, dtype=np.int64)[::-1] * 1_000_000)
        table.values("fmo_signature", [r["fmo_signature"] for r in recordings] +
                     text_vectors.signatures(state[extra:]))
        self._write_metrics(table, recordings, state[extra:])
        self._write_relations(table, recordings)
        return table.finish()

    def _write_metrics(self, table, recordings, state):
        def column(name, of_packages, dtype):
            values = np.concatenate([[r[name] for r in recordings], of_packages])
            table.numbers(name, np.nan_to_num(values).astype(dtype), np.isfinite(values))

        none = np.full(len(self.packages), np.nan)
        column("fractal_dimension", self.dimension, np.float64)
        column("lacunarity", none, np.float64)
        column("hurst_exponent", none, np.float64)
        column("coherence_score", self._theme_coherence(state), np.float32)
        column("refactorability_score", self.weak_share, np.float32)
        column("css_coupling_strength", self.child_total / (1 + self.child_total), np.float32)
        column("css_distance_to_optimal", none, np.float32)
        count, extra = len(recordings) + len(self.packages), len(recordings)
        for name, key, dimension, dtype in (("css_field_state", "field", 256, np.complex128),
                                            ("multifractal_spectrum", "multifractal_spectrum", 20, np.float32)):
            rows = table.scratch(name, count, dimension, dtype)  # a sparse file: only recordings have a value
            rows[:extra] = [r[key] for r in recordings]
            table.validity(name, np.arange(count) < extra)
        table.values("fractal_signature", [r["fractal_signature"] for r in recordings] + [None] * len(self.packages))
        table.values("tcs_archetype", [r["tcs_archetype"] for r in recordings] +
                     [self._role(i) for i in range(len(self.packages))])

    def _theme_coherence(self, state):
        """Cosine between a package's vector and the mean of its children's: does it need what it is about?"""
        number_of = {p["Package"]: i for i, p in enumerate(self.packages)}
        result = np.full(len(self.packages), np.nan)
        for i, children in enumerate(self.children):
            rows = [number_of[name] for name, _, _ in children[:16] if name in number_of]
            if rows:
                mean = state[rows].mean(axis=0)
                norm = np.linalg.norm(mean) * np.linalg.norm(state[i])
                if norm > 0:
                    result[i] = mean @ state[i] / norm
        return result

    def _write_relations(self, table, recordings):
        parents = [[] for _ in recordings] + self.parents
        children = [r["children"] for r in recordings] + self.children
        table.values("parent_entities", [[short(name, 64) for name, _, _ in p] for p in parents])
        table.values("child_entities", [[short(name, 64) for name, _, _ in c] for c in children])
        both = [list(p) + list(c) for p, c in zip(parents, children)]
        table.values("relationship_types", [[short(kind, 32) for _, kind, _ in b] for b in both])
        table.values("relationship_strengths", [[round(float(s), 6) for _, _, s in b] for b in both])


class HashedDescriptions(text_vectors.HashedTexts):
    def __init__(self, packages):
        super().__init__([f"{p['Package'].replace('-', ' ')} {p.get('Section', '')} {p.get('Description', '')} "
                          f"{p.get('Tag', '')}" for p in packages])


def installed_ns(package):
    """When the package was installed on this machine; None when it is not."""
    for name in (package, package + ":amd64", package + ":arm64"):
        try:
            return os.stat(f"/var/lib/dpkg/info/{name}.list").st_mtime_ns
        except OSError:
            continue
    return None
