/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The token's bytes: version, port, fingerprint, secret, name, addresses, CRC-32; see token.h. */
#include "console/door/token.h"

#include <stdio.h>
#include <string.h>

#include "ha/base/text.h"

#define TOKEN_VERSION 1
#define FIXED_BYTES (1 + 2 + 32 + 16)
#define BYTES_MAX (FIXED_BYTES + 2 + NODE_NAME_MAX + TOKEN_ADDRESSES_MAX + 4)

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static uint32_t crc_of(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* ---- letters --------------------------------------------------------------------------------- */

static void to_letters(const uint8_t *bytes, size_t length, struct text *text)
{
    uint32_t bits = 0;
    int n_bits = 0;

    for (size_t i = 0; i < length; i++) {
        bits = bits << 8 | bytes[i];
        for (n_bits += 8; n_bits >= 6; n_bits -= 6)
            text_add(text, "%c", digits[bits >> (n_bits - 6) & 63]);
    }
    if (n_bits > 0)
        text_add(text, "%c", digits[bits << (6 - n_bits) & 63]);
}

static bool from_letters(const char *text, uint8_t *bytes, size_t *length, struct err *err)
{
    uint32_t bits = 0;
    int n_bits = 0;

    for (*length = 0; *text; text++) {
        const char *at = strchr(digits, *text);

        if (!at)
            return err_set(err, "a token has no \"%c\" in it: copy it again, as a whole", *text);
        bits = bits << 6 | (uint32_t)(at - digits);
        n_bits += 6;
        if (n_bits < 8)
            continue;
        if (*length == BYTES_MAX)
            return err_set(err, "this is longer than any token: copy it again");
        n_bits -= 8;
        bytes[(*length)++] = (uint8_t)(bits >> n_bits);
    }
    return true;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static size_t put_text(uint8_t *bytes, size_t at, const char *text)
{
    size_t length = strlen(text);

    bytes[at++] = (uint8_t)length;
    memcpy(bytes + at, text, length);
    return at + length;
}

bool token_write(const struct token *token, char *text, size_t size, struct err *err)
{
    uint8_t bytes[BYTES_MAX];
    struct text letters;
    size_t at = 0;
    uint32_t crc;

    bytes[at++] = TOKEN_VERSION;
    bytes[at++] = (uint8_t)(token->port >> 8);
    bytes[at++] = (uint8_t)token->port;
    memcpy(bytes + at, token->fingerprint, sizeof(token->fingerprint));
    at += sizeof(token->fingerprint);
    memcpy(bytes + at, token->secret, sizeof(token->secret));
    at += sizeof(token->secret);
    at = put_text(bytes, at, token->cluster);
    at = put_text(bytes, at, token->addresses);
    crc = crc_of(bytes, at);
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes[at++] = (uint8_t)(crc >> shift);
    text_init(&letters, text, size);
    to_letters(bytes, at, &letters);
    return !letters.was_cut || err_set(err, "the token does not fit");
}

static bool get_text(const uint8_t *bytes, size_t length, size_t *at, char *text, size_t size)
{
    size_t n = *at < length ? bytes[*at] : length;

    if (n >= size || *at + 1 + n > length)
        return false;
    memcpy(text, bytes + *at + 1, n);
    text[n] = '\0';
    *at += 1 + n;
    return strlen(text) == n;
}

bool token_read(const char *text, struct token *token, struct err *err)
{
    uint8_t bytes[BYTES_MAX];
    size_t length, at = FIXED_BYTES;
    uint32_t crc = 0;

    memset(token, 0, sizeof(*token));
    if (!from_letters(text, bytes, &length, err))
        return false;
    if (length < FIXED_BYTES + 2 + 4)
        return err_set(err, "this is shorter than any token: copy it again, as a whole");
    length -= 4;
    for (int i = 0; i < 4; i++)
        crc = crc << 8 | bytes[length + (size_t)i];
    if (crc != crc_of(bytes, length))
        return err_set(err, "this is no token as it was printed: a letter is wrong or missing");
    if (bytes[0] != TOKEN_VERSION)
        return err_set(err, "this token is of another version of tenuto (%d)", bytes[0]);
    token->port = (uint16_t)(bytes[1] << 8 | bytes[2]);
    memcpy(token->fingerprint, bytes + 3, sizeof(token->fingerprint));
    memcpy(token->secret, bytes + 3 + sizeof(token->fingerprint), sizeof(token->secret));
    if (get_text(bytes, length, &at, token->cluster, sizeof(token->cluster)) &&
        get_text(bytes, length, &at, token->addresses, sizeof(token->addresses)) && at == length)
        return true;
    return err_set(err, "this token does not make sense");
}

bool token_read_line(FILE *in, struct token *token, struct err *err)
{
    char line[TOKEN_TEXT_MAX + 2];
    bool is_good;

    if (!fgets(line, sizeof(line), in))
        return err_set(err, "no token came: paste it, as a whole, and end the line");
    line[strcspn(line, " \t\r\n")] = '\0';
    is_good = token_read(line, token, err);
    explicit_bzero(line, sizeof(line));
    return is_good;
}

void token_password(const struct token *token, char password[33])
{
    struct text text;

    text_init(&text, password, 33);
    for (size_t i = 0; i < sizeof(token->secret); i++)
        text_add(&text, "%02x", token->secret[i]);
}
