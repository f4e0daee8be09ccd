/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The version of every program of one build. */
#pragma once

#define TENUTO_VERSION "0.1.0"
