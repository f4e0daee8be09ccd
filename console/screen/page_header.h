/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first line: cluster, quorum, protection, policy; at the right node and clock. */
#pragma once

#include "console/screen/canvas.h"
#include "console/screen/model.h"

void header_draw(const struct model *model, struct canvas *canvas);
