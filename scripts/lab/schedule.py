"""Who starts which tool when: habits and periodic jobs turned into a list of events, by a seed.

A compressed day runs over the length of a recording: ``DAY`` gives the factor of each eighth of it,
night first. The same seed gives the same events; packets still differ from run to run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

# Makes one command line; every choice in it comes from the dice.
Command = Callable[[random.Random], Sequence[str]]

DAY = (0.3, 0.5, 1.2, 1.6, 1.2, 1.5, 1.1, 0.6)
OFFICE_HOURS = (0.1, 0.3, 1.6, 1.8, 1.0, 1.8, 1.2, 0.2)
ROUND_THE_CLOCK = (1.0,) * 8


@dataclass(frozen=True)
class Event:
    """A command to start ``at`` seconds into a recording, to be ended after ``limit`` seconds."""

    at: float
    host: str
    argv: tuple[str, ...]
    limit: float = 20.0
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Habit:
    """Something that hosts do at random times, ``per_minute`` each at factor 1."""

    hosts: tuple[str, ...]
    per_minute: float
    command: Command
    rhythm: tuple[float, ...] = ROUND_THE_CLOCK
    limit: float = 20.0
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """Something that hosts do every ``every`` seconds, each time up to ``jitter`` seconds late."""

    hosts: tuple[str, ...]
    every: float
    command: Command
    jitter: float = 0.0
    first: float = 0.0
    limit: float = 20.0
    env: Mapping[str, str] = field(default_factory=dict)


def factor(rhythm: Sequence[float], part: float) -> float:
    """The rhythm's factor at ``part`` (0…1) of the recording."""
    return rhythm[min(int(part * len(rhythm)), len(rhythm) - 1)]


def habit_events(habit: Habit, seconds: float, dice: random.Random) -> list[Event]:
    """Poisson times by thinning at the rhythm's highest factor."""
    events = []
    highest = max(habit.rhythm)
    rate = habit.per_minute * highest / 60
    for host in habit.hosts:
        at = dice.expovariate(rate)
        while at < seconds:
            if dice.random() * highest < factor(habit.rhythm, at / seconds):
                argv = tuple(habit.command(dice))
                events.append(Event(at, host, argv, habit.limit, habit.env))
            at += dice.expovariate(rate)
    return events


def job_events(job: Job, seconds: float, dice: random.Random) -> list[Event]:
    """Regular times; each host has its own phase unless ``first`` is given."""
    events = []
    for host in job.hosts:
        at = job.first or dice.uniform(0, min(job.every, seconds))
        while at < seconds:
            late = at + dice.uniform(0, job.jitter)
            events.append(Event(late, host, tuple(job.command(dice)), job.limit, job.env))
            at += job.every
    return [event for event in events if event.at < seconds]


def schedule(
    habits: Sequence[Habit], jobs: Sequence[Job], seconds: float, seed: int
) -> list[Event]:
    """All events of a recording in order of time."""
    dice = random.Random(seed)
    events = [event for habit in habits for event in habit_events(habit, seconds, dice)]
    events += [event for job in jobs for event in job_events(job, seconds, dice)]
    return sorted(events, key=lambda event: event.at)
