"""Why a verdict is what it is: known phrases, the words that carry a tone, and one sentence."""
