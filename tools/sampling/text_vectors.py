"""Texts -> vectors: hashed TF-IDF, then a random projection.

Tokens are hashed into buckets (K. Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009),
weighted by log inverse document frequency, and projected by a matrix of random signs (D. Achlioptas, "Database-friendly
random projections", PODS 2001), which keeps angles. Rows have unit length; a text without tokens has no vector.
"""
import re
import zlib

import numpy as np

BUCKETS = 1 << 14
CHUNK = 4096  # rows projected at once: bounds memory to a few hundred MB
TOKEN = re.compile(r"[a-z][a-z0-9+]{1,}")


class HashedTexts:
    """The bucket numbers and weights of every text, in compressed-row form."""

    def __init__(self, texts):
        bucket_of = {}
        buckets, starts = [], [0]
        for text in texts:
            seen = set()
            for token in TOKEN.findall(text.lower()):
                bucket = bucket_of.get(token)
                if bucket is None:
                    bucket = bucket_of[token] = zlib.crc32(token.encode()) % BUCKETS
                seen.add(bucket)
            buckets.extend(sorted(seen))
            starts.append(len(buckets))
        self.buckets = np.array(buckets, dtype=np.int32)
        self.starts = np.array(starts, dtype=np.int64)
        frequency = np.bincount(self.buckets, minlength=BUCKETS)
        self.weight = np.log((1 + len(texts)) / (1 + frequency)).astype(np.float32)

    def present(self):
        return np.diff(self.starts) > 0

    def project(self, out, seed, progress, what):
        """Fills `out` [texts, dimension] with unit vectors (zeros where a text has no token)."""
        dimension = out.shape[1]
        signs = np.random.default_rng(seed).integers(0, 2, size=(BUCKETS, dimension), dtype=np.int8)
        matrix = (signs * 2 - 1).astype(np.float32) * self.weight[:, None]
        total = len(self.starts) - 1
        for first in range(0, total, CHUNK):
            last = min(first + CHUNK, total)
            starts = self.starts[first:last + 1]
            terms = matrix[self.buckets[starts[0]:starts[-1]]]
            filled = np.flatnonzero(np.diff(starts))
            rows = np.zeros((last - first, dimension), dtype=np.float32)
            if len(filled):
                rows[filled] = np.add.reduceat(terms, (starts[:-1] - starts[0])[filled], axis=0)
            norms = np.linalg.norm(rows, axis=1, keepdims=True)
            out[first:last] = rows / np.where(norms > 0, norms, 1)
            progress(what, last, total)


def signatures(vectors):
    """256-bit similarity hash of each row as 64 hex digits (M. Charikar, "Similarity estimation techniques from
    rounding algorithms", STOC 2002): the signs of the first 256 components, which are themselves random projections."""
    return [row.tobytes().hex() for row in np.packbits(vectors[:, :256] > 0, axis=1)]
