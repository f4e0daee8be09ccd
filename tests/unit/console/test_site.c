/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told while a node joins: words of the other node steer no terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "console/door/site.h"
#include "ha/base/json.h"

static char *told;
static size_t length;
static struct site site;

static int set_up(void **state)
{
    (void)state;
    site = (struct site){.out = open_memstream(&told, &length)};
    return site.out ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    fclose(site.out);
    free(told);
    told = NULL;
    return 0;
}

static void a_name_from_outside_clears_no_screen(void **state)
{
    (void)state;
    site_ok(&site, "cluster %s invites this node", "ho\033[2Jme\r");
    assert_null(strpbrk(told, "\033\r"));
    assert_non_null(strstr(told, "ok      cluster ho"));
    assert_non_null(strstr(told, "me"));
}

static void nor_does_an_error_of_the_other_node(void **state)
{
    struct err err = {"the other node: \033]0;owned\007"};

    (void)state;
    site_failed(&site, &err);
    site_tell(site.out, "tenuto: %s", err.text);
    assert_null(strpbrk(told, "\033\007"));
    assert_non_null(strstr(told, "FAILED  the other node: "));
    assert_non_null(strstr(told, "tenuto: the other node: "));
}

static void a_line_is_a_line(void **state)
{
    (void)state;
    site_ok(&site, "%s", "one\nFAILED  two");
    assert_ptr_equal(strchr(told, '\n'), told + length - 1);
}

static void a_node_is_found_by_its_whole_name(void **state)
{
    autojson *nodes = json_pack("[{s:s,s:i},{s:s,s:i}]", "node", "alphabet", "votes", 1, "node",
                                "alpha", "votes", 2);

    (void)state;
    assert_int_equal(json_int(site_row_of(nodes, "alpha"), "votes", 0), 2);
    assert_null(site_row_of(nodes, "beta"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_from_outside_clears_no_screen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nor_does_an_error_of_the_other_node, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_is_a_line, set_up, tear_down),
        cmocka_unit_test(a_node_is_found_by_its_whole_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
