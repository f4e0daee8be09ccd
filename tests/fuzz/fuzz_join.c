/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Anything as what comes while a node joins: a token, or a line of the other node. What is taken
 * makes sense, what is not is refused with words, and what was written can be read again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "console/door/words.h"
#include "ha/base/id.h"
#include "ha/base/json.h"

/* Not tests/fuzz/fuzz.h: the language knows another thing by the name of a token. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at);

static const struct versions ours = {1, 0, "3.1.7"};

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    (void)at;
    return 0;
}

static void check_token(const char *text)
{
    struct token token, again;
    char back[TOKEN_TEXT_MAX], password[33];
    struct err err = {.text = ""};

    if (!token_read(text, &token, &err)) {
        assert(err.text[0]);
        return;
    }
    assert(token_write(&token, back, sizeof(back), &err));
    assert(token_read(back, &again, &err));
    assert(strcmp(token.cluster, again.cluster) == 0);
    assert(strcmp(token.addresses, again.addresses) == 0 && token.port == again.port);
    token_password(&token, password);
    assert(strlen(password) == 32);
}

/* A token of any bytes, with the sum that belongs to it: what is behind the sum is looked at. */
static void check_sealed(const uint8_t *bytes, size_t length)
{
    struct token token = {.port = 1};
    char text[TOKEN_TEXT_MAX];
    struct err err = {.text = ""};
    size_t half = length / 2;

    memcpy(token.cluster, bytes, half < NODE_NAME_MAX ? half : NODE_NAME_MAX - 1);
    memcpy(token.addresses, bytes + half,
           length - half < TOKEN_ADDRESSES_MAX ? length - half : TOKEN_ADDRESSES_MAX - 1);
    assert(token_write(&token, text, sizeof(text), &err));
    check_token(text);
}

static void check_words(const json_t *words)
{
    static const struct invitation fixed = {"home", "gamma", "10.77.0.3,fd00::3", 5000};
    unsigned char key[SITE_KEY_BYTES];
    struct invitation invitation;
    struct err err = {.text = ""};
    const char *conf;

    assert(words_hello_is_good(words, &ours, &err) || err.text[0]);
    err.text[0] = '\0';
    if (words_invitation_read(words, &ours, &invitation, &err)) {
        autojson *again = words_invitation(&invitation, &ours);
        struct invitation twice;

        assert(invitation.addresses[0] && node_name_is_valid(invitation.node));
        assert(words_invitation_read(again, &ours, &twice, &err));
        assert(memcmp(&invitation, &twice, sizeof(twice)) == 0);
    } else {
        assert(err.text[0]);
    }
    err.text[0] = '\0';
    if (words_files_read(words, &fixed, key, &conf, &err)) {
        autojson *again = words_files(conf, key);
        unsigned char twice[SITE_KEY_BYTES];

        assert(strstr(conf, "gamma") && strstr(conf, "10.77.0.3"));
        assert(words_files_read(again, &fixed, twice, &conf, &err));
        assert(memcmp(key, twice, sizeof(key)) == 0);
    } else {
        assert(err.text[0]);
    }
}

/* With a key that is right, so that the configuration is looked at. */
static void check_conf(const char *text)
{
    static const unsigned char key[SITE_KEY_BYTES] = {7};
    json_t *conf = json_string(text);

    if (conf) {
        autojson *files = words_files(text, key);

        check_words(files);
    }
    json_decref(conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = memcpy(calloc(1, length + 1), bytes, length), version[32];
    struct err err = {.text = ""};
    json_t *words = json_read(text, length, &err);

    check_token(text);
    check_sealed(bytes, length);
    check_conf(text);
    if (words_corosync_version(text, version, sizeof(version)))
        assert(version[0] && strspn(version, "0123456789.") == strlen(version));
    if (words)
        check_words(words);
    else
        assert(err.text[0]);
    json_decref(words);
    free(text);
    return 0;
}
