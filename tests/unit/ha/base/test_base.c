/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ground floor: text, units, names, sets, errors, arena, JSON and seeded numbers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/arena.h"
#include "ha/base/err.h"
#include "ha/base/id.h"
#include "ha/base/instant.h"
#include "ha/base/json.h"
#include "ha/base/limits.h"
#include "ha/base/random.h"
#include "ha/base/text.h"

static void text_never_writes_past_its_end(void **state)
{
    char buffer[8] = "1234567";
    struct text text;

    (void)state;
    text_init(&text, buffer, 6);
    text_add(&text, "%s", "abc");
    assert_false(text.was_cut);
    text_add(&text, "%s", "defgh");
    assert_true(text.was_cut);
    assert_string_equal(buffer, "abcde");
    assert_int_equal(buffer[6], '7');
    text_add(&text, "more");
    assert_string_equal(buffer, "abcde");
}

static void copying_says_when_it_cut(void **state)
{
    char buffer[4];

    (void)state;
    assert_true(text_copy(buffer, sizeof(buffer), "abc"));
    assert_false(text_copy(buffer, sizeof(buffer), "abcd"));
    assert_string_equal(buffer, "abc");
}

static void distance_counts_slips(void **state)
{
    (void)state;
    assert_int_equal(text_distance("alpha", "alpha"), 0);
    assert_int_equal(text_distance("alpha", "alhpa"), 1);
    assert_int_equal(text_distance("alpha", "alph"), 1);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(
        text_distance("a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        63);
}

static void spans_and_sizes_go_both_ways(void **state)
{
    static const char *const spans[] = {"500ms", "10s", "5m", "2h", "1d"};
    static const char *const sizes[] = {"1B", "3K", "512M", "4G", "1T"};

    (void)state;
    for (int i = 0; i < 5; i++) {
        char buffer[32];
        struct text text;
        long long value;

        assert_true(text_to_ms(spans[i], &value));
        text_init(&text, buffer, sizeof(buffer));
        text_add_ms(&text, value);
        assert_string_equal(buffer, spans[i]);
        assert_true(text_to_bytes(sizes[i], &value));
        text_init(&text, buffer, sizeof(buffer));
        text_add_bytes(&text, value);
        assert_string_equal(buffer, sizes[i]);
    }
}

static void what_is_no_span_is_refused(void **state)
{
    static const char *const words[] = {"",
                                        "s",
                                        "10",
                                        "10x",
                                        "-1s",
                                        "1.5s",
                                        "10 s",
                                        "99999999999999999999s",
                                        "9223372036854775807d"};
    long long value;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_false(text_to_ms(words[i], &value));
    assert_false(text_to_bytes("9999999999T", &value));
}

static void names_are_valid_or_not(void **state)
{
    char name[SERVICE_NAME_MAX + 2];

    (void)state;
    assert_true(node_name_is_valid("alpha"));
    assert_true(node_name_is_valid("A-1_b.c"));
    assert_false(node_name_is_valid(""));
    assert_false(node_name_is_valid("1a"));
    assert_false(node_name_is_valid("a b"));
    assert_true(service_name_is_valid("vm:100"));
    assert_true(service_name_is_valid("ocf:web.1"));
    assert_false(service_name_is_valid("web"));
    assert_false(service_name_is_valid(":web"));
    assert_false(service_name_is_valid("ocf:"));
    assert_false(service_name_is_valid("Ocf:web"));
    assert_false(service_name_is_valid("ocf:-web"));
    assert_false(service_name_is_valid("ocf:we b"));
    memset(name, 'a', sizeof(name));
    name[1] = ':';
    name[sizeof(name) - 1] = '\0';
    assert_false(service_name_is_valid(name));
    name[NODE_NAME_MAX] = '\0';
    assert_false(node_name_is_valid(name));
}

static void a_set_of_nodes_is_bits(void **state)
{
    node_set set = node_bit(3) | node_bit(0) | node_bit(31);
    int seen[3], n = 0;

    (void)state;
    assert_int_equal(node_bit(NODE_NONE), 0);
    assert_false(node_in(set, NODE_NONE));
    assert_true(node_in(set, 31));
    assert_int_equal(node_set_count(set), 3);
    assert_int_equal(node_set_count(0), 0);
    assert_int_equal(node_set_first(0), NODE_NONE);
    NODE_SET_EACH(node, set)
    {
        seen[n++] = node;
    }
    assert_int_equal(n, 3);
    assert_true(seen[0] == 0 && seen[1] == 3 && seen[2] == 31);
    n = 0;
    NODE_SET_EACH(node, set)
    {
        n++;
        if (node == 3)
            break;
    }
    assert_int_equal(n, 2);
}

static void never_stays_never(void **state)
{
    struct instant early = {5}, late = {9};

    (void)state;
    assert_int_equal(instant_after(INSTANT_NEVER, duration_ms(5)).ms, INT64_MAX);
    assert_int_equal(instant_after(early, duration_ms(4)).ms, 9);
    assert_int_equal(instant_since(late, early).ms, 4);
    assert_true(instant_before(early, late));
    assert_false(instant_before(late, late));
    assert_true(instant_reached(late, late));
    assert_int_equal(instant_earliest(early, late).ms, 5);
    assert_int_equal(instant_latest(early, late).ms, 9);
}

static void errors_say_where_and_why(void **state)
{
    struct err err;

    (void)state;
    errno = ENOENT;
    assert_false(err_set(&err, "cannot open %s: %m", "/x"));
    assert_string_equal(err.text, "cannot open /x: No such file or directory");
    assert_false(err_in(&err, "line %d", 7));
    assert_string_equal(err.text, "line 7: cannot open /x: No such file or directory");
    assert_false(err_set(NULL, "nobody listens"));
    assert_false(err_in(NULL, "nobody listens"));
}

static void long_errors_are_cut_and_no_more(void **state)
{
    char words[2000];
    struct err err;

    (void)state;
    memset(words, 'w', sizeof(words));
    words[sizeof(words) - 1] = '\0';
    err_set(&err, "%s", words);
    err_in(&err, "%s", words);
    err_in(&err, "here");
    assert_true(strlen(err.text) < sizeof(err.text));
    assert_memory_equal(err.text, "here: www", 9);
}

static void an_arena_gives_zeroed_memory_of_any_size(void **state)
{
    struct arena *arena = arena_new();
    static const size_t sizes[] = {0, 1, 7, 100, 5000, 70000, 3000000};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *memory = arena_alloc(arena, sizes[i]);

        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(memory[at], 0);
        if (sizes[i])
            memset(memory, 0xff, sizes[i]);
    }
    assert_string_equal(arena_strdup(arena, "alpha"), "alpha");
    assert_string_equal(arena_strndup(arena, "alphabet", 5), "alpha");
    assert_string_equal(arena_printf(arena, "%s-%d", "n", 7), "n-7");
    arena_free(arena);
    arena_free(NULL);
}

static void json_is_strict_and_canonical(void **state)
{
    static const char *const wrong[] = {"{\"a\":1,\"a\":2}", "{} x", "{\"a\":\"\xff\"}", "{", ""};
    static const char text[] = "{\"b\": 9007199254740993, \"a\": [true, null]}";
    struct err err;
    char *written;
    json_t *value;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        err.text[0] = '\0';
        assert_null(json_read(wrong[i], strlen(wrong[i]), &err));
        assert_memory_equal(err.text, "not JSON at line ", 17);
    }
    value = json_read(text, strlen(text), &err);
    written = json_write(value);
    assert_string_equal(written, "{\"a\":[true,null],\"b\":9007199254740993}");
    free(written);
    json_decref(value);
}

static void members_have_fallbacks_or_are_needed(void **state)
{
    static const char text[] = "{\"name\":\"x\",\"count\":3,\"is_on\":true}";
    autojson *value = json_read(text, strlen(text), NULL);
    const char *name;
    struct err err;
    int64_t count;

    (void)state;
    assert_string_equal(json_text(value, "name", "-"), "x");
    assert_string_equal(json_text(value, "count", "-"), "-");
    assert_int_equal(json_int(value, "count", 0), 3);
    assert_int_equal(json_int(value, "name", 8), 8);
    assert_true(json_flag(value, "is_on", false));
    assert_true(json_flag(value, "name", true));
    assert_true(json_need_text(value, "name", &name, &err));
    assert_false(json_need_text(value, "count", &name, &err));
    assert_string_equal(err.text, "\"count\" is missing or not text");
    assert_true(json_need_int(value, "count", &count, &err));
    assert_false(json_need_int(value, "is_on", &count, &err));
    assert_string_equal(err.text, "\"is_on\" is missing or not a whole number");
}

static void the_same_seed_gives_the_same_numbers(void **state)
{
    struct random once = {.state = 0}, again = {.state = 0};
    int seen[10] = {0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int number = random_below(&once, 10);

        assert_int_equal(number, random_below(&again, 10));
        seen[number]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(seen[i], 60, 140);
    assert_false(random_chance(&once, 0));
    assert_true(random_chance(&once, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_never_writes_past_its_end),
        cmocka_unit_test(copying_says_when_it_cut),
        cmocka_unit_test(distance_counts_slips),
        cmocka_unit_test(spans_and_sizes_go_both_ways),
        cmocka_unit_test(what_is_no_span_is_refused),
        cmocka_unit_test(names_are_valid_or_not),
        cmocka_unit_test(a_set_of_nodes_is_bits),
        cmocka_unit_test(never_stays_never),
        cmocka_unit_test(errors_say_where_and_why),
        cmocka_unit_test(long_errors_are_cut_and_no_more),
        cmocka_unit_test(an_arena_gives_zeroed_memory_of_any_size),
        cmocka_unit_test(json_is_strict_and_canonical),
        cmocka_unit_test(members_have_fallbacks_or_are_needed),
        cmocka_unit_test(the_same_seed_gives_the_same_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
