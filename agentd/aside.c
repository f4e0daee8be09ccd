/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people are told of a store that was set aside; what happens to it: quorum/store.h. */
#include "agentd/aside.h"

#include "ha/base/log.h"
#include "quorum/store.h"

bool aside_mend(const char *path, struct err *err)
{
    struct err words = {{0}};
    char aside[STORE_PATH_MAX];

    if (!store_mend(path, aside, &words, err))
        return false;
    if (aside[0])
        log_error(
            "the store of this node was damaged and is not used any more (%s): it is kept as "
            "%s, and this node gets everything from the others. Until a quorum of them is "
            "here, or all nodes are, it decides nothing. If nobody else has the records: stop "
            "tenuto, remove %s, start it, and push the policy again",
            words.text, aside, path);
    return true;
}
