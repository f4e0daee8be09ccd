/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds the agents of this machine and asks those that somebody wants to know about. What was
 * found out holds while the agent's file stays as it is; a failure, for a minute.
 */
#include "agentd/metadata/metadata.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agentd/metadata/cache.h"
#include "agentd/metadata/describe.h"
#include "agentd/metadata/program.h"
#include "ha/base/limits.h"

/* Before an agent that failed is asked again. */
#define ASK_AGAIN_S 60
#define AT_ONCE_MAX 8

struct entry {
    const char *name;
    const char *path;
    struct stat file; /* as it was when the agent was asked */
    struct agent_answer answer;
    bool is_asked;
    time_t asked_s;
};

struct metadata {
    struct arena *arena;
    struct metadata_places places;
    struct catalog catalog;
    struct entry *entries; /* sorted by name */
    const char **names;    /* the same, for those who want to read a list */
    int n_entries;
    bool is_looked;
    uint64_t folders; /* when they changed, as one number */
};

/* Called fence_something, and no fence agents: services, tools, and what waits for a person. */
static const char *const not_agents[] = {"fence_ack_manual", "fence_check",     "fence_legacy",
                                         "fence_node",       "fence_sanlockd",  "fence_tool",
                                         "fence_virtd",      "fence_scsi_check"};

static time_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static bool is_fence_agent(const char *name)
{
    static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    for (size_t i = 0; i < sizeof(not_agents) / sizeof(not_agents[0]); i++) {
        if (strcmp(name, not_agents[i]) == 0)
            return false;
    }
    return strncmp(name, "fence_", 6) == 0 && name[strspn(name, usual)] == '\0' &&
           strlen(name) < AGENT_NAME_MAX;
}

static void add_entry(struct metadata *m, const char *folder, const char *name,
                      const char *file_name)
{
    const char *path = arena_printf(m->arena, "%s/%s", folder, file_name);
    struct stat file;

    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode) || !(file.st_mode & 0111))
        return;
    m->entries = xrealloc(m->entries, (size_t)(m->n_entries + 1) * sizeof(m->entries[0]));
    m->entries[m->n_entries++] = (struct entry){.name = name, .path = path};
}

/* Each file of one folder; of an OCF folder with its provider in front. */
static void look_into(struct metadata *m, const char *folder, const char *provider)
{
    DIR *list = opendir(folder);
    const struct dirent *file;

    while (list && (file = readdir(list))) {
        const char *name = file->d_name;

        if (name[0] == '.')
            continue;
        if (provider)
            name = arena_printf(m->arena, "%s:%s", provider, name);
        else
            name = arena_strdup(m->arena, name);
        if (provider ? agent_name_is_valid(name) : is_fence_agent(name))
            add_entry(m, folder, name, file->d_name);
    }
    if (list)
        closedir(list);
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static struct entry *find_entry(struct entry *entries, int n_entries, const char *name)
{
    struct entry key = {.name = name};

    return n_entries == 0 ? NULL
                          : bsearch(&key, entries, (size_t)n_entries, sizeof(key), compare_entries);
}

static void look_everywhere(struct metadata *m)
{
    const char *root = arena_printf(m->arena, "%s/resource.d", m->places.ocf_root);
    DIR *providers = opendir(root);
    const struct dirent *provider;

    while (providers && (provider = readdir(providers))) {
        if (provider->d_name[0] != '.')
            look_into(m, arena_printf(m->arena, "%s/%s", root, provider->d_name),
                      arena_strdup(m->arena, provider->d_name));
    }
    if (providers)
        closedir(providers);
    look_into(m, m->places.fence, NULL);
}

static uint64_t changed_at(const char *folder)
{
    struct stat is = {0};

    if (stat(folder, &is) != 0)
        return 0;
    return (uint64_t)is.st_mtim.tv_sec * 1000000007u + (uint64_t)is.st_mtim.tv_nsec;
}

/* Another number once an agent came or went. */
static uint64_t when_changed(const struct metadata *m)
{
    char folder[PATH_MAX];
    const struct dirent *provider;
    uint64_t sum = changed_at(m->places.fence);
    DIR *providers;

    snprintf(folder, sizeof(folder), "%s/resource.d", m->places.ocf_root);
    sum = sum * 31 + changed_at(folder);
    providers = opendir(folder);
    while (providers && (provider = readdir(providers))) {
        snprintf(folder, sizeof(folder), "%s/resource.d/%s", m->places.ocf_root, provider->d_name);
        if (provider->d_name[0] != '.')
            sum = sum * 31 + changed_at(folder);
    }
    if (providers)
        closedir(providers);
    return sum;
}

/* What is installed; answers that are known stay known. */
static void look(struct metadata *m)
{
    struct entry *before = m->entries;
    int n_before = m->n_entries;

    if (m->is_looked && m->folders == when_changed(m))
        return;
    m->is_looked = true;
    m->folders = when_changed(m);
    m->entries = NULL;
    m->n_entries = 0;
    look_everywhere(m);
    if (m->n_entries > 0)
        qsort(m->entries, (size_t)m->n_entries, sizeof(m->entries[0]), compare_entries);
    m->names = arena_alloc(m->arena, (size_t)m->n_entries * sizeof(m->names[0]));
    for (int i = 0; i < m->n_entries; i++) {
        const struct entry *known = find_entry(before, n_before, m->entries[i].name);

        if (known)
            m->entries[i] = *known;
        m->names[i] = m->entries[i].name;
    }
    free(before);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_size == b->st_size && a->st_ino == b->st_ino;
}

static void answer_unreadable(struct entry *entry, struct arena *arena, const char *why)
{
    entry->answer =
        (struct agent_answer){.standing = AGENT_UNREADABLE, .why = arena_strdup(arena, why)};
}

static bool describe(struct metadata *m, struct entry *entry, const char *bytes, size_t length)
{
    struct err err = {{0}};
    const struct agent_description *agent =
        describe_agent(m->arena, entry->name, bytes, length, &err);

    if (agent)
        entry->answer = (struct agent_answer){.standing = AGENT_DESCRIBED, .description = agent};
    else
        answer_unreadable(entry, m->arena, err.text);
    return agent != NULL;
}

static struct cache_key key_of(const struct metadata *m, const struct entry *entry)
{
    return (struct cache_key){.folder = m->places.cache,
                              .name = entry->name,
                              .path = entry->path,
                              .program = &entry->file};
}

/* true: the agent has to be asked itself. */
static bool has_to_be_asked(struct metadata *m, struct entry *entry)
{
    struct cache_key key = key_of(m, entry);
    struct stat file;
    size_t length;
    char *bytes;

    if (stat(entry->path, &file) != 0) {
        entry->is_asked = false;
        entry->answer = (struct agent_answer){.standing = AGENT_NOT_INSTALLED};
        return false;
    }
    if (entry->is_asked && is_same_file(&file, &entry->file) &&
        (entry->answer.standing == AGENT_DESCRIBED || now_s() - entry->asked_s < ASK_AGAIN_S))
        return false;
    entry->is_asked = true;
    entry->asked_s = now_s();
    entry->file = file;
    if ((file.st_uid != 0 && file.st_uid != geteuid()) || (file.st_mode & 002)) {
        answer_unreadable(entry, m->arena, "others than root may change it, so it is not run");
        return false;
    }
    bytes = cache_read(m->arena, &key, &length);
    return !bytes || !describe(m, entry, bytes, length);
}

static void prepare_program(struct metadata *m, const struct entry *entry, struct program *program)
{
    static const char *const fence_environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL=C",
        "HOME=/nonexistent",
        "PYTHONWARNINGS=ignore",
        "PYTHONDONTWRITEBYTECODE=1",
        NULL,
    };
    const char **argv = arena_alloc(m->arena, 4 * sizeof(*argv));
    const char **environment = arena_alloc(m->arena, 16 * sizeof(*environment));
    const char *colon = strchr(entry->name, ':');
    int n = 0;

    argv[0] = entry->path;
    argv[1] = colon ? "meta-data" : "-o";
    argv[2] = colon ? NULL : "metadata";
    *program = (struct program){.argv = argv, .environment = environment};
    while (fence_environment[n]) {
        environment[n] = fence_environment[n];
        n++;
    }
    if (!colon)
        return;
    environment[n++] = arena_printf(m->arena, "OCF_ROOT=%s", m->places.ocf_root);
    environment[n++] = "OCF_RA_VERSION_MAJOR=1";
    environment[n++] = "OCF_RA_VERSION_MINOR=1";
    environment[n++] = arena_printf(m->arena, "OCF_RESOURCE_TYPE=%s", colon + 1);
    environment[n++] = arena_printf(m->arena, "OCF_RESOURCE_PROVIDER=%.*s",
                                    (int)(colon - entry->name), entry->name);
    environment[n++] = "OCF_RESOURCE_INSTANCE=undef";
    environment[n++] = "HA_LOGFACILITY=none";
}

static void take_answer(struct metadata *m, struct entry *entry, const struct program *program)
{
    struct cache_key key = key_of(m, entry);

    if (!program->is_done)
        answer_unreadable(entry, m->arena, program->err.text);
    else if (describe(m, entry, program->output ? program->output : "", program->length))
        cache_write(&key, program->output, program->length);
}

static void ask(struct metadata *m, struct entry **entries, int n_entries)
{
    struct program *programs = xcalloc((size_t)n_entries, sizeof(*programs));
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct program_limits limits = {
        .at_once = processors < 1             ? 1
                   : processors > AT_ONCE_MAX ? AT_ONCE_MAX
                                              : (int)processors,
        .timeout_ms = m->places.timeout_ms,
        .patience_ms = m->places.patience_ms,
        .bytes_max = METADATA_BYTES_MAX,
    };

    for (int i = 0; i < n_entries; i++)
        prepare_program(m, entries[i], &programs[i]);
    programs_run(programs, n_entries, &limits);
    for (int i = 0; i < n_entries; i++) {
        take_answer(m, entries[i], &programs[i]);
        free(programs[i].output);
    }
    free(programs);
}

static void prepare(void *context, const char *const *names, int n_names)
{
    struct metadata *m = context;
    struct entry **wanted = xcalloc((size_t)n_names + 1, sizeof(*wanted));
    int n_wanted = 0;

    look(m);
    for (int i = 0; i < n_names; i++) {
        struct entry *entry = find_entry(m->entries, m->n_entries, names[i]);

        if (entry && has_to_be_asked(m, entry))
            wanted[n_wanted++] = entry;
    }
    if (n_wanted > 0)
        ask(m, wanted, n_wanted);
    free(wanted);
}

static struct agent_answer find(void *context, const char *name)
{
    struct metadata *m = context;
    const struct entry *entry;

    prepare(context, &name, 1);
    entry = find_entry(m->entries, m->n_entries, name);
    return entry ? entry->answer : (struct agent_answer){.standing = AGENT_NOT_INSTALLED};
}

static int list(void *context, const char *const **names)
{
    struct metadata *m = context;

    look(m);
    *names = m->names;
    return m->n_entries;
}

struct metadata *metadata_new(const struct metadata_places *places)
{
    struct metadata *m = xcalloc(1, sizeof(*m));

    m->arena = arena_new();
    m->places = *places;
    m->places.ocf_root = arena_strdup(m->arena, places->ocf_root);
    m->places.fence = arena_strdup(m->arena, places->fence);
    m->places.cache = arena_strdup(m->arena, places->cache);
    m->catalog = (struct catalog){.prepare = prepare, .find = find, .list = list, .context = m};
    return m;
}

void metadata_free(struct metadata *m)
{
    if (!m)
        return;
    free(m->entries);
    arena_free(m->arena);
    free(m);
}

const struct catalog *metadata_catalog(struct metadata *m)
{
    return &m->catalog;
}
