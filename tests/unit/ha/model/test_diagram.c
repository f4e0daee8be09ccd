/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ha/STATES.md shows the states of the .def rows. UPDATE=1 writes it anew, for
 * somebody to read the difference before it is committed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/model/ha_state.h"

#define PAGE "ha/STATES.md"
#define PAGE_MAX 16384

static const char head[] =
    "# States and what may follow them\n\n"
    "Printed from `model/service_state.def` and `model/node_state.def`; a test compares.\n\n";

static char wanted[PAGE_MAX];
static char written[PAGE_MAX];

static void write_page(void)
{
    FILE *file = fopen(PAGE, "w");

    assert_non_null(file);
    assert_true(fputs(wanted, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void the_page_shows_the_rows(void **state)
{
    FILE *file;

    (void)state;
    memcpy(wanted, head, sizeof(head));
    state_diagram(wanted + strlen(head), sizeof(wanted) - strlen(head));
    if (getenv("UPDATE"))
        write_page();
    file = fopen(PAGE, "r");
    assert_non_null(file);
    assert_true(fread(written, 1, sizeof(written) - 1, file) > 0);
    fclose(file);
    assert_string_equal(written, wanted);
}

static void the_diagram_has_each_arrow_and_no_other(void **state)
{
    (void)state;
    state_diagram(wanted, sizeof(wanted));
    assert_non_null(strstr(wanted, "    fence --> recovery\n"));
    assert_non_null(strstr(wanted, "    unknown --> online\n"));
    assert_null(strstr(wanted, "    error --> started\n"));
    assert_non_null(strstr(wanted, "    fence: fence: its node is lost and not yet proven off\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_shows_the_rows),
        cmocka_unit_test(the_diagram_has_each_arrow_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
