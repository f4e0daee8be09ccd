/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Public keys of SSH; see ssh_key.h. Their bytes are fields, each with its length before it (RFC
 * 4253, 5656, 8709); a key pasted without its end, or into another one's line, shows there.
 */
#include "dsl/ssh_key.h"

#include <stdint.h>
#include <string.h>

#define BLANKS " \t\n"
#define RSA_BITS_LEAST 2048
#define RSA_BITS_MOST 16384
#define TYPES_SHOWN "ssh-ed25519, ecdsa-sha2-nistp256 (384, 521) and ssh-rsa"

/* What follows the type among the bytes, a letter a field: see take_field. */
static const struct key_type {
    const char *name;
    const char *fields;
    const char *curve;
    size_t point; /* bytes of a point of the curve */
} types[] = {
    {"ssh-ed25519", "k", NULL, 0},
    {"ssh-rsa", "en", NULL, 0},
    {"ecdsa-sha2-nistp256", "cp", "nistp256", 65},
    {"ecdsa-sha2-nistp384", "cp", "nistp384", 97},
    {"ecdsa-sha2-nistp521", "cp", "nistp521", 133},
    {"sk-ssh-ed25519@openssh.com", "ka", NULL, 0},
    {"sk-ecdsa-sha2-nistp256@openssh.com", "cpa", "nistp256", 65},
};

#define TYPES (sizeof(types) / sizeof(types[0]))

struct bytes {
    const unsigned char *at;
    size_t left;
};

static const struct key_type *find_type(const char *name)
{
    for (size_t i = 0; i < TYPES; i++) {
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    }
    return NULL;
}

/* -1: no such digit. */
static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Strictly: whole groups of four, and nothing in the bits that nobody reads. */
static bool decode(struct arena *arena, const char *text, struct bytes *bytes)
{
    size_t length = strlen(text), n = 0;
    size_t pads = length > 0 && text[length - 1] == '=' ? 1 : 0;
    unsigned char *out = arena_alloc(arena, length);
    uint32_t bits = 0;
    int n_bits = 0;

    if (length > 1 && pads && text[length - 2] == '=')
        pads = 2;
    if (length % 4 != 0)
        return false;
    for (size_t i = 0; i < length - pads; i++) {
        int digit = digit_of(text[i]);

        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        n_bits += 6;
        if (n_bits < 8)
            continue;
        n_bits -= 8;
        out[n++] = (unsigned char)(bits >> n_bits);
        bits &= (1u << n_bits) - 1;
    }
    *bytes = (struct bytes){out, n};
    return bits == 0;
}

static bool take(struct bytes *bytes, struct bytes *field)
{
    size_t length;

    if (bytes->left < 4)
        return false;
    length = (size_t)bytes->at[0] << 24 | (size_t)bytes->at[1] << 16 | (size_t)bytes->at[2] << 8 |
             bytes->at[3];
    if (bytes->left - 4 < length)
        return false;
    *field = (struct bytes){bytes->at + 4, length};
    *bytes = (struct bytes){bytes->at + 4 + length, bytes->left - 4 - length};
    return true;
}

static size_t bits_of(struct bytes number)
{
    size_t bits;

    while (number.left > 0 && number.at[0] == 0) {
        number.at++;
        number.left--;
    }
    bits = number.left * 8;
    for (int top = number.left > 0 ? number.at[0] : 0x80; top < 0x80; top <<= 1)
        bits--;
    return bits;
}

/* NULL, or what is wrong with the field. */
static const char *take_field(struct arena *arena, const struct key_type *type, char letter,
                              struct bytes *bytes)
{
    static const char cut_off[] = "the key's bytes are cut off, or changed; copy the whole line of"
                                  " the .pub file";
    struct bytes field;
    bool is_right = take(bytes, &field);

    if (!is_right)
        return cut_off;
    switch (letter) {
    case 'k': is_right = field.left == 32; break;
    case 'c':
        is_right =
            field.left == strlen(type->curve) && memcmp(field.at, type->curve, field.left) == 0;
        break;
    case 'p': is_right = field.left == type->point && field.at[0] == 4; break;
    case 'e': is_right = bits_of(field) > 1; break;
    case 'n':
        if (bits_of(field) >= RSA_BITS_LEAST && bits_of(field) <= RSA_BITS_MOST)
            return NULL;
        return arena_printf(arena,
                            "an RSA key of %d bits is no use; it has to have %d to %d, or better"
                            " be an ed25519 key",
                            (int)bits_of(field), RSA_BITS_LEAST, RSA_BITS_MOST);
    default: is_right = field.left > 0; /* the application that a hardware key is for */
    }
    return is_right ? NULL : cut_off;
}

static const char *check_bytes(struct arena *arena, const struct key_type *type, const char *text)
{
    const char *wrong = NULL;
    struct bytes bytes, name;

    if (!decode(arena, text, &bytes))
        return "the key's bytes are not base64, or cut off; copy the whole line of the .pub file";
    if (!take(&bytes, &name) || name.left == 0)
        return "the key's bytes are cut off, or changed; copy the whole line of the .pub file";
    if (name.left != strlen(type->name) || memcmp(name.at, type->name, name.left) != 0) {
        const char *inside = arena_strndup(arena, (const char *)name.at, name.left);

        return find_type(inside)
                   ? arena_printf(arena, "the key says %s, and its bytes are those of an %s key",
                                  type->name, inside)
                   : arena_printf(arena, "the key says %s, and its bytes are not", type->name);
    }
    for (const char *letter = type->fields; *letter && !wrong; letter++)
        wrong = take_field(arena, type, *letter, &bytes);
    if (!wrong && bytes.left > 0)
        return "there are bytes behind the end of the key; copy the whole line of the .pub file";
    return wrong;
}

/* What is there instead of a type of key. */
static const char *explain_type(struct arena *arena, const char *text, const char *word)
{
    if (strncmp(text, "-----BEGIN", 10) == 0 || strstr(text, "PRIVATE KEY"))
        return "this is no public key; if it is a private one, it is known to others now: make a"
               " new pair, and write the line of its .pub file";
    if (strcmp(word, "ssh-dss") == 0)
        return "ssh-dss (DSA) is too weak, and OpenSSH takes it no more; make a key with:"
               " ssh-keygen -t ed25519";
    for (size_t i = 0; i < TYPES; i++) {
        const char *at = strstr(text, types[i].name);

        if (at && at > text && strchr(BLANKS, at[-1]))
            return arena_printf(arena,
                                "the key begins with \"%s\"; what stands before it has no"
                                " place in a policy",
                                types[i].name);
    }
    return arena_printf(arena, "a key begins with its type, %s; \"%s\" is none", TYPES_SHOWN, word);
}

bool ssh_key_read(struct arena *arena, const char *text, const char **key, const char **wrong)
{
    const struct key_type *type;
    const char *word, *bytes;

    text += strspn(text, BLANKS);
    word = arena_strndup(arena, text, strcspn(text, BLANKS));
    type = find_type(word);
    if (!type) {
        *wrong = explain_type(arena, text, word);
        return false;
    }
    text += strlen(word);
    text += strspn(text, BLANKS);
    bytes = arena_strndup(arena, text, strcspn(text, BLANKS));
    *wrong =
        bytes[0] ? check_bytes(arena, type, bytes) : "the key's bytes are missing behind its type";
    *key = arena_printf(arena, "%s %s", word, bytes);
    return !*wrong;
}
