#include "nearest.h"

#include <string.h>

enum { LONGEST = 48 };

/* Case and separators are what people get wrong first: mailbox_id, mailboxid, mailbox-id. */
static size_t fold(const char *name, size_t length, char folded[LONGEST])
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        if (name[i] != '_' && name[i] != '-')
            folded[count++] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 32 : name[i]);
    return count;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t row[LONGEST + 1];

    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

void nearest_offer(struct nearest *nearest, const char *candidate, size_t length)
{
    const size_t wanted_length = strlen(nearest->wanted);
    char wanted[LONGEST];
    char folded[LONGEST];
    size_t wanted_folded;
    size_t apart;

    if (wanted_length > LONGEST || length > LONGEST)
        return;
    wanted_folded = fold(nearest->wanted, wanted_length, wanted);
    apart = distance(wanted, wanted_folded, folded, fold(candidate, length, folded));
    if (apart <= (wanted_folded < 6 ? 1 : 2 + wanted_folded / 8) && (!nearest->name || apart < nearest->distance)) {
        nearest->name = candidate;
        nearest->length = length;
        nearest->distance = apart;
    }
}
