// SPDX-License-Identifier: Apache-2.0

#include "http/metrics_text.h"

#include <gtest/gtest.h>

namespace titer::http {
namespace {

TEST(MetricsText, LabelsAreQuoted) {
  MetricsText text;
  text.family("titer_x", "gauge", "What it is");
  text.sample(0.5, {{"source", "a \"b\"\\\n"}, {"le", "+Inf"}}, "_bucket");
  EXPECT_EQ(text.take(),
            "# HELP titer_x What it is\n# TYPE titer_x gauge\ntiter_x_bucket{source=\"a "
            "\\\"b\\\"\\\\\\n\",le=\"+Inf\"} 0.5\n");
}

}  // namespace
}  // namespace titer::http
