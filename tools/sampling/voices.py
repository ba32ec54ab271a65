"""Recorded voices -> complex fields: short-time Fourier frames of the wav files of package alsa-utils."""
import dataclasses
import glob
import hashlib
import os
import sys
import wave

import numpy as np

from sampling import fractal
from sampling.names import short

WINDOW = 512     # samples per frame; bins 0..255 are the field, the Nyquist bin is dropped
BINS = 256
NEIGHBOURS = 8   # bins on either side that a signature bit is compared with


@dataclasses.dataclass
class Recording:
    path: str
    entity_id: str
    rate: int
    samples: np.ndarray  # float64 in [-1, 1], first channel


def read_all(folder="/usr/share/sounds/alsa"):
    recordings = []
    for path in sorted(glob.glob(os.path.join(folder, "*.wav"))):
        with wave.open(path) as w:
            raw = np.frombuffer(w.readframes(w.getnframes()), dtype="<i2").reshape(-1, w.getnchannels())
            name = "recording/" + os.path.splitext(os.path.basename(path))[0]
            recordings.append(Recording(path, short(name, 64), w.getframerate(), raw[:, 0] / 32768.0))
    if not recordings:
        sys.exit(f"sample: no wav files in {folder}; install package alsa-utils (tools/packages sample)")
    return recordings


def signature(amplitude):
    """256 bits per frame as 64 hex digits: is this bin louder than the mean of its neighbours?"""
    logs = np.log(amplitude + 1e-12)
    padded = np.pad(logs, ((0, 0), (NEIGHBOURS, NEIGHBOURS)), mode="edge")
    sums = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    width = 2 * NEIGHBOURS + 1
    mean = (sums[:, width:] - sums[:, :-width]) / width
    return [row.tobytes().hex() for row in np.packbits(logs > mean, axis=1)]


def coherence(fields, starts, hop):
    """Amplitude-weighted phase locking between a frame and the one before it (J.-P. Lachaux et al., "Measuring phase
    synchrony in brain signals", Human Brain Mapping 8 (1999)), after taking out the phase each bin gains in one hop.
    In [0, 1]; NaN on the first frame of a recording and on silence."""
    advance = np.exp(-2j * np.pi * np.arange(BINS) * hop / WINDOW)
    product = np.sum(fields[1:] * fields[:-1].conj() * advance, axis=1)
    norms = np.linalg.norm(fields, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.concatenate([[np.nan], np.abs(product) / (norms[1:] * norms[:-1])])
    result[starts] = np.nan
    return np.minimum(result, 1.0)


def flatness(amplitude):
    """Spectral flatness (A. Gray, J. Markel, IEEE Transactions on Acoustics, Speech and Signal Processing 22 (1974)):
    geometric over arithmetic mean of the power, 1 for white noise, 0 for a tone."""
    power = amplitude ** 2 + 1e-20
    return np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)


class Frames:
    """All frames of all recordings, recordings one after the other, frames in time order."""

    def __init__(self, recordings, hop, epoch_ns, progress):
        self.recordings = recordings
        taper = np.hanning(WINDOW + 1)[:-1]
        windows, owners, times = [], [], []
        for number, r in enumerate(recordings):
            cut = np.lib.stride_tricks.sliding_window_view(r.samples, WINDOW)[::hop]
            windows.append(cut)
            owners.append(np.full(len(cut), number))
            # Every recording ends at the epoch, as if all had been spoken together just now.
            last_ns = (len(cut) - 1) * hop * 1_000_000_000 // r.rate
            times.append(epoch_ns - last_ns + np.arange(len(cut), dtype=np.int64) * hop * 1_000_000_000 // r.rate)
        signal, self.owner, self.time = np.concatenate(windows), np.concatenate(owners), np.concatenate(times)
        starts = np.flatnonzero(np.diff(self.owner, prepend=-1))
        self.fields = np.fft.rfft(signal * taper, axis=1)[:, :BINS].astype(np.complex128)
        amplitude = np.abs(self.fields)
        progress(f"{len(self.fields)} frames of {len(recordings)} recordings")
        self.mean = np.stack([self.fields[self.owner == i].mean(axis=0) for i in range(len(recordings))])

        self.dimension = fractal.higuchi_dimension(signal)
        self.lacunarity = fractal.lacunarity(amplitude)
        self.hurst = fractal.hurst_exponent(signal)
        self.spectrum = fractal.multifractal_spectrum(signal)
        self.signature = signature(amplitude)
        self.coherence = coherence(self.fields, starts, hop)
        self.flatness = flatness(amplitude)
        self.to_optimal = np.linalg.norm(self.fields - self.fields.mean(axis=0), axis=1)
        loudness = np.stack([amplitude[self.owner == i].mean(axis=0) for i in range(len(recordings))])
        norms = np.linalg.norm(amplitude, axis=1) * np.linalg.norm(loudness, axis=1)[self.owner]
        self.coupling = np.sum(amplitude * loudness[self.owner], axis=1) / np.maximum(norms, 1e-12)
        self.loudness = loudness
        self.archetype = self._archetypes(amplitude, starts)
        progress("fractal metrics of the frames")

    def _archetypes(self, amplitude, starts):
        """Silence below 1 % of the loudest frame of the recording; else by the change of energy over four frames."""
        energy = np.log(np.sum(amplitude ** 2, axis=1) + 1e-12)
        names = np.empty(len(energy), dtype=object)
        for i, start in enumerate(starts):
            stop = starts[i + 1] if i + 1 < len(starts) else len(energy)
            e = energy[start:stop]
            change = e - np.concatenate([np.repeat(e[0], 4), e[:-4]])[:len(e)]
            kind = np.where(change > 0.7, "onset", np.where(change < -0.7, "decay", "sustain"))
            names[start:stop] = np.where(e < e.max() + np.log(1e-4), "silence", kind)
        return names

    def write_fields(self, table):
        table.values("entity_id", [self.recordings[i].entity_id for i in self.owner])
        table.numbers("timestamp", self.time)
        table.numbers("css_field_state", self.fields)
        table.numbers("coherence_score", self.coherence.astype(np.float32), np.isfinite(self.coherence))
        table.numbers("refactorability_score", self.flatness.astype(np.float32))
        table.numbers("css_distance_to_optimal", self.to_optimal.astype(np.float32))
        table.numbers("css_coupling_strength", self.coupling.astype(np.float32))
        table.values("tcs_archetype", list(self.archetype))
        self._write_fractal(table, slice(None))
        return table.finish()

    def _write_fractal(self, table, rows):
        for name, values in (("fractal_dimension", self.dimension), ("lacunarity", self.lacunarity),
                             ("hurst_exponent", self.hurst)):
            table.numbers(name, values[rows], np.isfinite(values[rows]))
        table.numbers("multifractal_spectrum", self.spectrum[rows], np.isfinite(self.spectrum[rows]).all(axis=1))
        table.values("fractal_signature", [self.signature[i] for i in np.arange(len(self.time))[rows]])

    def write_patterns(self, table):
        """One pattern per run of frames of one archetype: its first frame stands for it, its length is its strength."""
        change = (self.archetype[1:] != self.archetype[:-1]) | (self.owner[1:] != self.owner[:-1])
        first = np.concatenate([[0], np.flatnonzero(change) + 1])
        length = np.diff(np.append(first, len(self.time)))
        ids = [f"{self.recordings[self.owner[i]].entity_id}@{i}" for i in first]
        table.values("pattern_id", [short(name, 64) for name in ids])
        table.numbers("timestamp", self.time[first])
        table.values("tcs_archetype", [self.archetype[i] for i in first])
        table.numbers("strength", (length / (length + 8.0)).astype(np.float32))
        self._write_fractal(table, first)
        return table.finish()

    def entities(self):
        """One entity per recording: the mean of its fields, and how alike its spectrum is to the others'."""
        unit = self.loudness / np.linalg.norm(self.loudness, axis=1, keepdims=True)
        alike = unit @ unit.T
        result = []
        for i, r in enumerate(self.recordings):
            rows = self.owner == i
            others = [j for j in np.argsort(-alike[i], kind="stable") if j != i][:4]
            result.append({
                "entity_id": r.entity_id, "entity_type": "recording",
                "fmo_signature": hashlib.sha256(r.samples.tobytes()).hexdigest(),
                "children": [(self.recordings[j].entity_id, "sounds-like", float(alike[i, j])) for j in others],
                "field": self.mean[i], "fractal_dimension": np.nanmean(self.dimension[rows]),
                "lacunarity": np.nanmean(self.lacunarity[rows]), "hurst_exponent": np.nanmean(self.hurst[rows]),
                "multifractal_spectrum": np.nanmean(self.spectrum[rows], axis=0),
                "fractal_signature": signature(np.abs(self.mean[i:i + 1]))[0],
                "coherence_score": np.nanmean(self.coherence[rows]),
                "refactorability_score": self.flatness[rows].mean(),
                "css_distance_to_optimal": np.linalg.norm(self.mean[i] - self.fields.mean(axis=0)),
                "css_coupling_strength": self.coupling[rows].mean(), "tcs_archetype": "recording"})
        return result
