/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three bytes are four letters; see base64.h. */
#include "ha/base/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_write(const void *bytes, size_t length)
{
    const unsigned char *from = bytes;
    char *letters = xcalloc(length / 3 + 2, 4);
    size_t at = 0;

    for (size_t i = 0; i < length; i += 3) {
        uint32_t bits = (uint32_t)from[i] << 16;

        bits |= i + 1 < length ? (uint32_t)from[i + 1] << 8 : 0;
        bits |= i + 2 < length ? from[i + 2] : 0;
        letters[at++] = digits[bits >> 18];
        letters[at++] = digits[bits >> 12 & 63];
        letters[at++] = i + 1 < length ? digits[bits >> 6 & 63] : '=';
        letters[at++] = i + 2 < length ? digits[bits & 63] : '=';
    }
    return letters;
}

unsigned char *base64_read(const char *letters, size_t *length)
{
    size_t n = strlen(letters), used = n;
    unsigned char *bytes;
    uint32_t bits = 0;

    while (used > 0 && n - used < 2 && letters[used - 1] == '=')
        used--;
    if (n % 4 != 0 || strspn(letters, digits) < used)
        return NULL;
    bytes = xcalloc(n / 4 * 3 + 1, 1);
    *length = 0;
    for (size_t i = 0; i < used; i++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, letters[i]) - digits);
        if (i % 4 > 0)
            bytes[(*length)++] = (unsigned char)(bits >> (6 - i % 4 * 2));
    }
    return bytes;
}
