/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8 and the columns it takes; see width.h. */
#include "console/width.h"

#include <langinfo.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#include "ha/base/text.h"

static bool is_harmful(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

/* Length of the sequence that the byte opens; 0 if it opens none. */
static int sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first < 0xE0)
        return 2;
    if (first >= 0xE0 && first < 0xF0)
        return 3;
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

uint32_t width_next(const char **at)
{
    const unsigned char *bytes = (const unsigned char *)*at;
    int length = sequence_length(bytes[0]);
    uint32_t code;

    if (bytes[0] == '\0')
        return 0;
    code = length <= 1 ? bytes[0] : bytes[0] & (0x7Fu >> length);
    for (int i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            length = 0;
            break;
        }
        code = code << 6 | (bytes[i] & 0x3Fu);
    }
    if (length == 0 || code < smallest[length] || code > 0x10FFFF ||
        (code >= 0xD800 && code < 0xE000)) {
        *at += 1;
        return WIDTH_REPLACEMENT;
    }
    *at += length;
    return is_harmful(code) ? WIDTH_REPLACEMENT : code;
}

int width_of_code(uint32_t code)
{
    int width;

    if (code < 0x7F || code == WIDTH_REPLACEMENT)
        return 1;
    width = wcwidth((wchar_t)code);
    return width < 0 ? 1 : width;
}

int width_of(const char *text)
{
    int width = 0;

    while (*text)
        width += width_of_code(width_next(&text));
    return width;
}

size_t width_fit(const char *text, int columns, int *used)
{
    const char *at = text, *before = text;
    int width = 0;

    while (*at) {
        int next = width_of_code(width_next(&at));

        if (width + next > columns)
            break;
        width += next;
        before = at;
    }
    if (used)
        *used = width;
    return (size_t)(before - text);
}

size_t width_encode(uint32_t code, char bytes[4])
{
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        bytes[0] = (char)(0xC0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        bytes[0] = (char)(0xE0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    bytes[0] = (char)(0xF0 | code >> 18);
    bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
    bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
    bytes[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

int width_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void write_blanks(FILE *out, int count)
{
    if (count > 0)
        fprintf(out, "%*s", count, "");
}

void width_write(FILE *out, const char *text, int columns)
{
    int missing = (columns < 0 ? -columns : columns) - width_of(text);

    if (columns < 0)
        write_blanks(out, missing);
    while (*text) {
        uint32_t code = width_next(&text);
        char bytes[4];

        fwrite(bytes, 1, width_encode(code, bytes), out);
    }
    if (columns > 0)
        write_blanks(out, missing);
}

void width_wrap(FILE *out, const char *words, int indent, int columns)
{
    int column = indent;

    while (*words) {
        char word[1024];
        size_t length = strcspn(words, " ");
        int width;

        text_copy(word, length + 1 < sizeof(word) ? length + 1 : sizeof(word), words);
        width = width_of(word);
        if (column > indent && column + 1 + width > columns) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        width_write(out, word, 0);
        column += width;
        words += length;
        words += strspn(words, " ");
    }
}
