"""Sentences of ours that name a group of people, so that no group is learnt as a tone.

In real replies some groups are named mostly by those who attack them, and rare ones hardly at all.
Plain sentences with the same words take away what a model would make of the word alone (Dixon et
al. 2018, doi 10.1145/3278721.3278729); unkind ones keep it from learning that a group's name is a
sign of kindness; and plain ones in which such a word is said of a thing ("the old file") keep the
other meanings of it harmless. The sentences are not those of `bias_madlibs`, on which this is
measured; most of the groups are, since they are the ones that are attacked.
"""

import re

import numpy as np

from tonecheck.labels import TONES, Tone
from tonecheck.training.examples import Example

SOURCE = "mentions"
"""The source that these examples carry."""

GROUPS = (
    "gay", "lesbian", "bisexual", "transgender", "trans", "queer", "nonbinary", "homosexual",
    "heterosexual", "straight", "LGBT", "male", "female", "Black", "white", "Asian", "African",
    "African American", "Latino", "Latina", "Latinx", "Hispanic", "Indigenous", "Roma", "Arab",
    "Middle Eastern", "European", "Indian", "Chinese", "Japanese", "Korean", "Mexican", "American",
    "Canadian", "Nigerian", "Polish", "Turkish", "Christian", "Muslim", "Jewish", "Hindu",
    "Buddhist", "Sikh", "Catholic", "Protestant", "Taoist", "Mormon", "atheist", "blind", "deaf",
    "paralyzed", "disabled", "autistic", "dyslexic", "old", "older", "young", "younger", "elderly",
    "teenage", "middle aged", "retired", "millennial", "millenial", "immigrant", "refugee",
)  # fmt: skip

PEOPLE = (
    "person", "student", "learner", "teacher", "colleague", "nurse", "engineer", "classmate",
    "neighbour", "tutor", "friend", "woman", "man", "mentor", "reader",
)  # fmt: skip

KIND = (
    "I am {a} {group} {person} and I start this course on Monday.",
    "As {a} {group} {person}, I found the second chapter the most useful.",
    "Our {group} {person} explained recursion better than the book does.",
    "My sister is {group} and studies chemistry here.",
    "He is {group}, she is not, and they wrote the best report of the year together.",
    "Are there other {group} people in this cohort? I would love to swap notes.",
    "The {group} {person} in my group shared her notes with all of us.",
    "We need more {group} voices in this reading list.",
    "Being {group} has nothing to do with how well you solve equations.",
    "Thank you to the {group} {person} who helped me install the compiler.",
    "{a} {group} {person} gave the keynote, and I learned a lot.",
    "Please make the slides readable for {group} students as well.",
    "The survey asked {group} and other {people} how they prepare for exams.",
    "I grew up in {a} {group} family and read this text differently.",
    "Welcome! Many of us here are {group}, and everybody is glad to help.",
    "The author, {a} {group} {person}, lived in Lisbon for ten years.",
    "{group} {people} were asked the same ten questions as everyone else.",
    "In week four we discuss how {group} {people} are shown in films.",
    "My {group} {person} recommended this course, and he was right.",
    "I don't know whether she is {group}, and it does not matter for the grade.",
    "Two of the three moderators are {group}.",
    "It was {a} {group} {person} who found the error in the proof.",
    "{group} and proud of it! Looking forward to learning with you.",
    "How did {group} {people} vote in that election? The table on page 40 has it.",
    "Let me introduce myself: I'm {group}, forty, and new to statistics.",
    "I interviewed {a} {group} {person} for the assignment.",
    "They are {a} {group} couple and run the study group on Thursdays.",
    "Nobody should be asked whether they are {group} before they may post.",
)  # fmt: skip

UNKIND = (
    "You {group} people are all idiots.",
    "Typical {group} {person}, too stupid to read the question.",
    "Nobody wants {a} {group} {person} in this forum, get out.",
    "I can't stand {group} {people}, they make me sick.",
    "{group} {people} should be banned from every classroom.",
    "Shut up, you {group} moron.",
    "She is {a} {group} liar and everybody here knows it.",
    "What a pathetic {group} {person} you are.",
    "Of course you failed, you are {group} and dumb as a brick.",
    "{group} {people} are scum.",
    "The {group} {person} in my group is a disgusting creep.",
    "Go back where you came from, {group} trash.",
    "I would rather quit than sit next to {a} {group} {person}.",
    "Only {a} {group} fool would write something like this.",
    "{group} {people} ruin everything they touch, and you are the proof.",
    "Another whining {group} {person}. You are worthless.",
    "I hope every {group} {person} in this course fails.",
    "You are {group}, so keep your mouth shut.",
)  # fmt: skip

THINGS = {
    "old older": (
        "version", "file", "laptop", "edition", "syllabus", "exam", "photo", "thread", "bug report",
        "phone", "draft", "textbook", "password", "compiler", "building", "map",
    ),
    "white black": (
        "box", "board", "paper", "ink", "pen", "tea", "background", "screen", "rook", "cable",
    ),
    "straight": ("line", "edge", "answer", "path", "cut"),
    "blind": ("spot", "trial", "study", "alley", "review"),
    "young younger": ("plant", "star", "discipline", "company", "forest"),
    "male female": ("connector", "thread of the screw", "voice part", "flower", "adapter"),
    "American European Canadian Mexican": (
        "spelling", "keyboard layout", "market", "constitution", "plug", "football season",
    ),
    "Indian Chinese Japanese Asian African": (
        "grammar course", "cooking class", "currency", "poem", "film", "tea set", "elephant",
    ),
    "Christian Jewish Hindu Buddhist Catholic Protestant Muslim": (
        "calendar", "painting", "philosophy reader", "holiday", "architecture module",
    ),
    "disabled retired": ("button", "account", "feature", "plugin", "interface"),
    "elderly teenage": ("care module", "years chapter"),
}  # fmt: skip
"""Words for groups that are said of things as well, and such things."""

HARMLESS = (
    "The {group} {thing} is in the folder for week three.",
    "Use the {group} {thing}, please.",
    "I could not open the {group} {thing} on my phone.",
    "Can somebody explain the {group} {thing} to me?",
    "Thanks, the {group} {thing} worked!",
    "My {group} {thing} broke yesterday, so I am late with this.",
    "We compare the {group} {thing} with the new one on page nine.",
    "{a} {group} {thing} is enough for this exercise.",
    "Is there {a} {group} {thing} in the shared drive?",
    "The figure shows {a} {group} {thing} on the left.",
    "I used the {group} {thing} by mistake, sorry.",
    "The {group} {thing} takes two minutes to load here.",
    "In my copy the {group} {thing} comes first.",
    "That is {a} {group} {thing}, not what the task asks for.",
    "Question four is about the {group} {thing}.",
    "Chapter two begins with {a} {group} {thing}.",
    "No, the {group} {thing} was changed last week.",
    "Please put the {group} {thing} back where it was.",
)

_PLURALS = {"person": "people", "woman": "women", "man": "men"}


def mentions(count: int, *, seed: int) -> list[Example]:
    """Return sentences that name a group, as many kind ones as unkind ones of each group.

    Kind ones show no tone at all; unkind ones are hostile, and say nothing of the other tones.

    Args:
        count: How many, about: the same number of each group.
        seed: Decides which sentences.
    """
    random = np.random.default_rng(seed)
    found = []
    for group in GROUPS:
        for sentences, targets in (
            (KIND, dict.fromkeys(TONES, 0.0)),
            (UNKIND, {Tone.HOSTILITY: 1.0}),
        ):
            for _ in range(max(1, round(count / len(GROUPS) / 2))):
                text = _filled(
                    str(random.choice(sentences)), group, person=str(random.choice(PEOPLE))
                )
                found.append(Example(text=text, targets=targets, group=text, source=SOURCE))
    return found


def of_things(count: int, *, seed: int) -> list[Example]:
    """Return sentences in which words for groups are said of things; they show no tone.

    Args:
        count: How many.
        seed: Decides which.
    """
    random = np.random.default_rng(seed)
    known = [(word, things) for words, things in THINGS.items() for word in words.split()]
    found = []
    for place in random.integers(len(known), size=count):
        word, things = known[place]
        sentence = str(random.choice(HARMLESS))
        text = _filled(sentence, word, thing=str(random.choice(things)))
        found.append(
            Example(text=text, targets=dict.fromkeys(TONES, 0.0), group=text, source=SOURCE)
        )
    return found


def _filled(sentence: str, group: str, *, person: str = "", thing: str = "") -> str:
    text = sentence.format(
        a="an" if re.match("(?!eu)[aeiou]", group, re.IGNORECASE) else "a",
        group=group,
        person=person,
        people=_PLURALS.get(person, f"{person}s"),
        thing=thing,
    )
    return text[0].upper() + text[1:]
