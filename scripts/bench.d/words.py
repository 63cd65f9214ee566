"""Text for the prompts: always the same, and no two rounds share a beginning."""

import random

# Words that nearly every tokenizer has as one token each.
WORDS = (
    "river mountain garden window morning letter summer winter doctor teacher market bridge "
    "island forest village station kitchen music paper stone silver golden silent gentle "
    "broken hidden ancient modern distant little great young old bright dark cold warm quiet "
    "people children family friend neighbor captain farmer soldier writer painter walked found "
    "carried opened watched remembered crossed followed answered believed reached turned "
    "waited painted repaired the the the a a of and in to with from under over near behind"
).split()


def prose(seed, words):
    """Returns sentences of about `words` tokens in all."""
    draw = random.Random(seed)
    sentences, count = [], 0
    while count < words:
        length = min(draw.randint(7, 14), max(1, words - count - 1))
        sentence = [draw.choice(WORDS) for _ in range(length)]
        sentences.append(" ".join(sentence).capitalize() + ".")
        count += length + 1
    return " ".join(sentences)


def asking_long(seed, words):
    """Returns a prompt of about `words` tokens that is answered at length."""
    text = prose(seed, words - 12) if words > 12 else ""
    return f"{text} Write a very long story about a river.".strip()


def question(seed):
    """Returns a question of some 15 tokens and 62 characters."""
    words = random.Random(seed)
    nouns = [word for word in WORDS[:22] if len(word) <= 7]
    text = f"Tell me more about the {words.choice(nouns)} and the {words.choice(nouns)} of that story"
    return text[:61].rstrip() + "?"
