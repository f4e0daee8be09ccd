/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which events somebody wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agentd/event_filter.h"
#include "ha/base/json.h"

static void a_filter_passes_what_it_names(void **state)
{
    static const struct {
        const char *filter;
        bool passes[4];
    } cases[] = {
        {"{}", {true, true, true, true}},
        {"{\"kind\":\"request\"}", {true, false, false, false}},
        {"{\"kind\":\"service\"}", {false, true, true, false}},
        {"{\"kind\":\"fault\"}", {false, true, false, true}},
        {"{\"who\":\"jin\"}", {true, false, false, false}},
        {"{\"who\":\"root\"}", {true, false, false, false}},
        {"{\"who\":\"kim\"}", {false, false, false, false}},
        {"{\"service\":\"ocf:web\"}", {true, true, false, false}},
        {"{\"node\":\"alpha\"}", {true, false, false, false}},
        {"{\"node\":\"beta\"}", {false, true, true, true}},
    };
    static const char asked[] = "{\"kind\":\"request\",\"who\":\"jin\",\"user\":\"root\","
                                "\"node\":\"alpha\",\"args\":[\"ocf:web\"]}";
    static const char lost[] =
        "{\"kind\":\"service\",\"subject\":\"ocf:web\",\"service\":\"ocf:web\",\"from\":\"fence\","
        "\"to\":\"recovery\",\"node\":\"beta\",\"code\":\"ITS_NODE_IS_OFF\"}";
    static const char placed[] =
        "{\"kind\":\"service\",\"subject\":\"ocf:db\",\"service\":\"ocf:db\",\"from\":\"recovery\","
        "\"to\":\"started\",\"node\":\"beta\",\"code\":\"PLACED\"}";
    static const char silent[] =
        "{\"kind\":\"node\",\"subject\":\"beta\",\"from\":\"online\",\"to\":\"unknown\"}";
    static const char *const rows[] = {asked, lost, placed, silent};
    autojson *wrong = json_pack("{s:s}", "kind", "weather");
    struct err err = {{0}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        autojson *request = json_read(cases[i].filter, strlen(cases[i].filter), NULL);
        autojson *filter = event_filter_of(request, &err);

        for (size_t j = 0; j < 4; j++) {
            autojson *row = json_read(rows[j], strlen(rows[j]), NULL);

            if (event_passes(filter, row) != cases[i].passes[j])
                fail_msg("%s and row %zu", cases[i].filter, j);
        }
    }
    assert_null(event_filter_of(wrong, &err));
    assert_non_null(strstr(err.text, "\"weather\" is no kind"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_passes_what_it_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
