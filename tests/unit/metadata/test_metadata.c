/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding agents, asking them no more often than needed, and what is kept on disk. */
#include "tests/unit/metadata/metadata_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agentd/metadata/metadata.h"

struct scene {
    struct folder folder;
    struct metadata *metadata;
    const struct catalog *catalog;
};

/* Another process, as far as what is remembered goes. */
static void start(struct scene *scene)
{
    char root[128], fence[128], cache[128];
    struct metadata_places places = {.ocf_root = root,
                                     .fence = fence,
                                     .cache = cache,
                                     .timeout_ms = 60000,
                                     .patience_ms = 60000};

    snprintf(root, sizeof(root), "%s/ocf", scene->folder.path);
    snprintf(fence, sizeof(fence), "%s/sbin", scene->folder.path);
    snprintf(cache, sizeof(cache), "%s/cache/tenuto/agents", scene->folder.path);
    metadata_free(scene->metadata);
    scene->metadata = metadata_new(&places);
    scene->catalog = metadata_catalog(scene->metadata);
}

/* Each agent writes down that it was asked, and how. */
static void write_agent(const struct scene *scene, const char *name, const char *parameter)
{
    char text[1024];

    snprintf(text, sizeof(text),
             "echo \"$* $OCF_RESOURCE_PROVIDER $OCF_RESOURCE_TYPE\" >>%s/asked\n"
             "echo '<resource-agent><shortdesc>for tests</shortdesc>"
             "<parameters><parameter name=\"%s\"/></parameters></resource-agent>'\n",
             scene->folder.path, parameter);
    folder_write_agent(&scene->folder, name, text);
}

static struct scene open_scene(void)
{
    struct scene scene = {0};

    folder_open(&scene.folder);
    write_agent(&scene, "ocf/resource.d/example/web", "ip");
    write_agent(&scene, "sbin/fence_x", "plug");
    start(&scene);
    return scene;
}

static void close_scene(struct scene *scene)
{
    metadata_free(scene->metadata);
    folder_close(&scene->folder);
}

static struct agent_answer find(const struct scene *scene, const char *name)
{
    return scene->catalog->find(scene->catalog->context, name);
}

static int n_asked(const struct scene *scene)
{
    int n = folder_count_lines(&scene->folder, "asked");

    return n < 0 ? 0 : n;
}

static void agents_are_listed_and_others_are_not(void **state)
{
    struct scene scene = open_scene();
    const char *const *names;

    (void)state;
    folder_write(&scene.folder, "ocf/resource.d/example/readme", "no program");
    write_agent(&scene, "ocf/resource.d/example/.hidden", "x");
    write_agent(&scene, "ocf/resource.d/a b/web", "x");
    write_agent(&scene, "sbin/ls", "x");
    write_agent(&scene, "sbin/fence_virtd", "x");
    assert_int_equal(scene.catalog->list(scene.catalog->context, &names), 2);
    assert_string_equal(names[0], "example:web");
    assert_string_equal(names[1], "fence_x");
    assert_int_equal(n_asked(&scene), 0);
    close_scene(&scene);
}

static void an_agent_is_asked_once(void **state)
{
    struct scene scene = open_scene();

    (void)state;
    assert_int_equal(find(&scene, "example:web").standing, AGENT_DESCRIBED);
    assert_string_equal(find(&scene, "example:web").description->parameters[0].name, "ip");
    assert_int_equal(find(&scene, "fence_x").standing, AGENT_DESCRIBED);
    assert_int_equal(n_asked(&scene), 2);
    start(&scene);
    assert_int_equal(find(&scene, "example:web").standing, AGENT_DESCRIBED);
    assert_int_equal(find(&scene, "fence_x").standing, AGENT_DESCRIBED);
    assert_int_equal(n_asked(&scene), 2);
    assert_int_equal(find(&scene, "example:other").standing, AGENT_NOT_INSTALLED);
    close_scene(&scene);
}

static void a_changed_agent_is_asked_again(void **state)
{
    struct scene scene = open_scene();

    (void)state;
    find(&scene, "example:web");
    write_agent(&scene, "ocf/resource.d/example/web", "address");
    assert_string_equal(find(&scene, "example:web").description->parameters[0].name, "address");
    assert_int_equal(n_asked(&scene), 2);
    start(&scene);
    assert_string_equal(find(&scene, "example:web").description->parameters[0].name, "address");
    assert_int_equal(n_asked(&scene), 2);
    close_scene(&scene);
}

static void agents_that_come_and_go_are_noticed(void **state)
{
    struct scene scene = open_scene();
    char path[256];

    (void)state;
    assert_int_equal(find(&scene, "other:db").standing, AGENT_NOT_INSTALLED);
    write_agent(&scene, "ocf/resource.d/other/db", "size");
    assert_int_equal(find(&scene, "other:db").standing, AGENT_DESCRIBED);
    snprintf(path, sizeof(path), "%s/ocf/resource.d/other/db", scene.folder.path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(find(&scene, "other:db").standing, AGENT_NOT_INSTALLED);
    close_scene(&scene);
}

/* Each kind of damage to the file that was kept. */
static void damage(const struct scene *scene, int kind)
{
    char path[256], bytes[4096];
    struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "%s/cache/tenuto/agents/example:web", scene->folder.path);
    if (kind == 0)
        assert_int_equal(truncate(path, 100), 0);
    if (kind == 1)
        assert_int_equal(truncate(path, 0), 0);
    if (kind == 2)
        assert_int_equal(chmod(path, 0666), 0);
    if (kind == 3)
        assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    if (kind == 4) {
        file = fopen(path, "r+");
        assert_non_null(file);
        n = fread(bytes, 1, sizeof(bytes), file);
        bytes[n - 20] ^= 1;
        rewind(file);
        assert_int_equal(fwrite(bytes, 1, n, file), n);
        fclose(file);
    }
    if (kind == 5) {
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/etc/hostname", path), 0);
    }
    if (kind == 6) {
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
    }
}

static void what_is_kept_and_damaged_is_thrown_away(void **state)
{
    struct scene scene = open_scene();

    (void)state;
    find(&scene, "example:web");
    for (int kind = 0; kind < 7; kind++) {
        int before = n_asked(&scene);

        damage(&scene, kind);
        start(&scene);
        assert_int_equal(find(&scene, "example:web").standing, AGENT_DESCRIBED);
        assert_int_equal(n_asked(&scene), before + 1);
        start(&scene);
        assert_int_equal(find(&scene, "example:web").standing, AGENT_DESCRIBED);
        assert_int_equal(n_asked(&scene), before + 1);
    }
    close_scene(&scene);
}

static void a_failure_is_said_and_not_kept(void **state)
{
    struct scene scene = open_scene();
    struct agent_answer answer;

    (void)state;
    folder_write_agent(&scene.folder, "ocf/resource.d/example/web",
                       "[ -e \"${0%/*}/tool\" ] || { echo 'no tool' >&2; exit 5; }\n"
                       "echo '<resource-agent></resource-agent>'\n");
    answer = find(&scene, "example:web");
    assert_int_equal(answer.standing, AGENT_UNREADABLE);
    assert_string_equal(answer.why, "it failed with exit code 5: no tool");
    folder_write(&scene.folder, "ocf/resource.d/example/tool", "");
    start(&scene);
    assert_int_equal(find(&scene, "example:web").standing, AGENT_DESCRIBED);
    close_scene(&scene);
}

static void what_anybody_may_change_is_not_run(void **state)
{
    struct scene scene = open_scene();
    char path[256];

    (void)state;
    snprintf(path, sizeof(path), "%s/sbin/fence_x", scene.folder.path);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(find(&scene, "fence_x").standing, AGENT_UNREADABLE);
    assert_int_equal(n_asked(&scene), 0);
    close_scene(&scene);
}

static void without_a_place_to_keep_it_all_works(void **state)
{
    struct scene scene = open_scene();
    char path[256];

    (void)state;
    /* A file where the folder should be. */
    folder_write(&scene.folder, "cache", "");
    start(&scene);
    assert_int_equal(find(&scene, "example:web").standing, AGENT_DESCRIBED);
    start(&scene);
    assert_int_equal(find(&scene, "example:web").standing, AGENT_DESCRIBED);
    assert_int_equal(n_asked(&scene), 2);
    snprintf(path, sizeof(path), "%s/cache", scene.folder.path);
    unlink(path);
    close_scene(&scene);
}

static void ocf_agents_are_told_who_they_are(void **state)
{
    struct scene scene = open_scene();
    char path[256], line[256] = "";
    FILE *file;

    (void)state;
    find(&scene, "example:web");
    snprintf(path, sizeof(path), "%s/asked", scene.folder.path);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    assert_string_equal(line, "meta-data example web\n");
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agents_are_listed_and_others_are_not),
        cmocka_unit_test(an_agent_is_asked_once),
        cmocka_unit_test(a_changed_agent_is_asked_again),
        cmocka_unit_test(agents_that_come_and_go_are_noticed),
        cmocka_unit_test(what_is_kept_and_damaged_is_thrown_away),
        cmocka_unit_test(a_failure_is_said_and_not_kept),
        cmocka_unit_test(what_anybody_may_change_is_not_run),
        cmocka_unit_test(without_a_place_to_keep_it_all_works),
        cmocka_unit_test(ocf_agents_are_told_who_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
