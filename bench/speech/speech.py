"""What is said in the calls, and how well it was heard: run by material.mjs in an environment that has numpy and pesq.

speech.py make FOLDER: FOLDER/programme.pcm (48 kHz, 16 bits) and FOLDER/programme.json from the recordings in FOLDER.
speech.py score FOLDER: for each line of the input, {"recording": file, "offset": seconds of the programme that was said first},
a line {"scores": [...], "delays": [...], "level": dB}: PESQ wide band (ITU-T P.862.2) of each sentence that was recorded whole.
"""

import json
import sys
import wave

import numpy as np
from pesq import pesq

RATE, WIDE = 48_000, 16_000
# Of active speech, in dB below overload.
LEVEL = -26
PAUSE = 0.75
# A whole programme, in seconds: what comes after the last sentence is a pause.
LENGTH = 30
# What is cut around a sentence for the score, and how far it may have moved against the whole.
EDGE, MOVED = 0.3, 1.0

SONNET = "audio.wav"
AUSTEN = "sense_and_sensibility_01_austen_64kb-0%d.wav"
# Talker, file, and which part of it: cuts lie in pauses.
SENTENCES = [
    ("reader of Shakespeare's first sonnet", SONNET, 2.10, 9.06),
    ("reader of Shakespeare's first sonnet", SONNET, 9.06, 15.16),
    ("reader of Sense and Sensibility", AUSTEN % 870, 0, None),
    ("reader of Sense and Sensibility", AUSTEN % 920, 0, None),
]


def read(path):
    with wave.open(path) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (WIDE, 1, 2), path
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def resample(sound, rate, wanted):
    """By the spectrum of the whole: cut, or filled with nothing."""
    count = round(len(sound) * wanted / rate)
    spectrum = np.fft.rfft(sound)
    bins = np.zeros(count // 2 + 1, complex)
    both = min(len(bins), len(spectrum))
    bins[:both] = spectrum[:both]
    return np.fft.irfft(bins, count) * wanted / rate


def active(sound):
    """Level in dB of the 20 ms in which somebody speaks: those within 25 dB of the loud ones."""
    frames = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    power = np.mean(frames**2, axis=1)
    return 10 * np.log10(np.mean(power[power > np.percentile(power, 95) / 10**2.5]) + 1e-12)


def make(folder):
    parts, sentences, at = [], [], 0
    for talker, name, begin, end in SENTENCES:
        sound = read(f"{folder}/{name}")[int(begin * WIDE) : end and int(end * WIDE)]
        sound = sound * 10 ** ((LEVEL - active(sound)) / 20)
        fade = np.linspace(0, 1, WIDE // 100)
        sound[: len(fade)] *= fade
        sound[-len(fade) :] *= fade[::-1]
        before = np.zeros(int(PAUSE / 2 * WIDE))
        parts += [before, sound, before]
        at += len(before)
        sentences.append({"talker": talker, "begin": at / WIDE, "end": (at + len(sound)) / WIDE})
        at += len(sound) + len(before)
    assert at <= LENGTH * WIDE, at / WIDE
    whole = np.concatenate([*parts, np.zeros(LENGTH * WIDE - at)])
    assert np.max(np.abs(whole)) < 1
    # The score's reference is the same samples at its own rate.
    samples = np.round(resample(whole, WIDE, RATE) * 32767).astype("<i2")
    samples.tofile(f"{folder}/programme.pcm")
    with open(f"{folder}/programme.json", "w") as file:
        json.dump({"rate": RATE, "seconds": LENGTH, "sentences": sentences}, file, indent=1)


def lag(reference, sound):
    """How many samples later than `reference` `sound` has the same."""
    size = 1 << (len(reference) + len(sound)).bit_length()
    both = np.fft.irfft(np.conj(np.fft.rfft(reference, size)) * np.fft.rfft(sound, size), size)
    best = int(np.argmax(both))
    return best - size if best > size // 2 else best


def score(reference, heard):
    if np.max(np.abs(heard)) < 1e-4:
        return 1.0
    # The scale's end is what PESQ says of no speech at all.
    found = pesq(WIDE, reference, heard, "wb", on_error=1)
    return float(found) if found >= 1 else 1.0


def judge(programme, sentences, job):
    heard = np.fromfile(job["recording"], "<i2") / 32768
    heard = resample(heard, RATE, WIDE)
    said = np.roll(programme, -int(job["offset"] * WIDE))
    said = np.tile(said, int(np.ceil(len(heard) / len(said))) + 1)[: len(heard)]
    whole = lag(said, heard)
    edge, moved = int(EDGE * WIDE), int(MOVED * WIDE)
    scores, delays = [], []
    for begin, end in sorted(spans(sentences, job["offset"], len(heard) / WIDE)):
        one, other = int(begin * WIDE) - edge, int(end * WIDE) + edge
        if one < 0 or other + whole > len(heard) or one + whole < 0:
            continue
        reference = said[one:other]
        near = heard[max(0, one + whole - moved) : other + whole + moved]
        at = max(0, one + whole - moved) + min(max(lag(reference, near), 0), 2 * moved)
        piece = heard[at : at + len(reference)]
        piece = np.pad(piece, (0, len(reference) - len(piece)))
        scores.append(round(score(reference, piece), 3))
        delays.append(round((at - one) / WIDE * 1000))
    return {"scores": scores, "delays": delays, "level": round(float(active(heard)), 1)}


def spans(sentences, offset, seconds):
    """Where the sentences lie in what was said from `offset` on, over and over."""
    for sentence in sentences:
        begin = (sentence["begin"] - offset) % LENGTH
        while begin < seconds:
            yield begin, begin + sentence["end"] - sentence["begin"]
            begin += LENGTH


def main(what, folder):
    if what == "make":
        return make(folder)
    programme = resample(np.fromfile(f"{folder}/programme.pcm", "<i2") / 32768, RATE, WIDE)
    with open(f"{folder}/programme.json") as file:
        sentences = json.load(file)["sentences"]
    for line in sys.stdin:
        print(json.dumps(judge(programme, sentences, json.loads(line))), flush=True)


main(*sys.argv[1:])
