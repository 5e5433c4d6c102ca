// SPDX-License-Identifier: Apache-2.0

// MetricsText: samples in Prometheus' text format, version 0.0.4.
//
// A library for it exists (prometheus-cpp), but it wants every value to live in objects of its own registry and brings a
// web server; ours are read from the status and the traffic counters at the moment of a scrape, and the format is this
// much. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace titer::http {

class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  static constexpr std::string_view kType = "text/plain; version=0.0.4; charset=utf-8";

  // Its samples follow. `type`: counter, gauge, histogram.
  void family(std::string_view name, std::string_view type, std::string_view help);
  // `suffix`: "_bucket", "_sum", "_count" of a histogram.
  void sample(double value, Labels labels = {}, std::string_view suffix = {});
  void one(std::string_view name, std::string_view type, std::string_view help, double value) {
    family(name, type, help);
    sample(value);
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_, name_;
};

}  // namespace titer::http
