// SPDX-License-Identifier: Apache-2.0

// Each setting of docs/reference/serve.md: its default, what it means, and what an operator reads who gets it wrong.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "host/config.h"

namespace titer::host {
namespace {

// A configuration in which only what is required is said, and what a test adds to a section.
std::string config_with(std::string_view section = "", std::string_view line = "") {
  std::string out;
  if (section.empty()) out.append(line).append("\n");
  bool added = section.empty();
  for (const auto& [name, lines] : {std::pair<std::string_view, std::string_view>{"cluster", "name = \"north\""},
                                    {"replica", "index = 1\ndata = \"/var/lib/titer\"\nwire = \"127.0.0.1:8892\""},
                                    {"register", "endpoints = [\"http://127.0.0.1:2379\"]"}}) {
    out.append("[").append(name).append("]\n").append(lines).append("\n");
    if (name != section) continue;
    out.append(line).append("\n");
    added = true;
  }
  if (!added) out.append("[").append(section).append("]\n").append(line).append("\n");
  return out;
}
Config read(std::string_view section = "", std::string_view line = "") {
  auto config = parse_config(config_with(section, line), "titer.toml");
  EXPECT_TRUE(config.ok()) << line << ": " << (config ? "" : config.error().message);
  return config ? std::move(config).value() : Config();
}
std::string why_not(std::string_view section, std::string_view line) {
  const auto config = parse_config(config_with(section, line), "titer.toml");
  return config ? "" : config.error().message;
}
void expect_refused(std::string_view section, std::string_view line, std::string_view part) {
  const std::string why = why_not(section, line);
  EXPECT_EQ(why.find("titer.toml"), 0U) << line << ": " << why;
  EXPECT_NE(why.find(part), std::string::npos) << line << ": " << why;
}

TEST(Settings, whatever_is_not_said_has_the_default_of_the_reference) {
  const Config config = read();
  EXPECT_FALSE(config.insecure);
  EXPECT_FALSE(config.any_may_restart);
  EXPECT_EQ(config.secret_file, "");
  EXPECT_FALSE(config.http.has_value());
  EXPECT_TRUE(config.durable);
  EXPECT_EQ(config.local_socket, "/var/lib/titer/titer.sock");
  EXPECT_FALSE(config.confirm_reads);
  EXPECT_EQ(config.execution_log, "");
  EXPECT_EQ(config.etcd.user, "");
  EXPECT_FALSE(config.etcd_tls.given());
  EXPECT_FALSE(config.tls.given());
  EXPECT_TRUE(config.http_hosts.empty());
  EXPECT_TRUE(config.trusted_proxies.empty());
  EXPECT_EQ(config.frames_in_flight, 0U) << "as usual";
  EXPECT_EQ(config.connections.in_all, 0U);
  EXPECT_EQ(config.connections.per_address, 0U);
  EXPECT_EQ(config.log_level, "info");
  EXPECT_EQ(config.log_file, "");
  EXPECT_FALSE(config.accept_clock) << "it is meant for one start";
}

TEST(Settings, insecure_is_above_all_sections_and_true_or_false) {
  EXPECT_TRUE(read("", "insecure = true").insecure);
  EXPECT_FALSE(read("", "insecure = false").insecure);
  expect_refused("", "insecure = \"yes\"", "true or false");
}

TEST(Settings, the_clusters_name_becomes_a_key_of_etcd_and_has_no_letters_that_mean_something_there) {
  for (const char* name : {"a/b", "a b", "ä", "a\\u0000"}) {
    std::string text = config_with();
    text.replace(text.find("north"), 5, name);
    const auto config = parse_config(text, "titer.toml");
    ASSERT_FALSE(config.ok()) << name;
    EXPECT_NE(config.error().message.find("letters, digits"), std::string::npos) << config.error().message;
  }
  std::string text = config_with();
  text.replace(text.find("north"), 5, "North_2.eu-1");
  EXPECT_EQ(parse_config(text, "titer.toml")->cluster, "North_2.eu-1");
}

TEST(Settings, restart_with_says_who_may_restart_after_the_failure_of_all) {
  EXPECT_TRUE(read("cluster", "restart_with = \"any\"").any_may_restart);
  EXPECT_FALSE(read("cluster", "restart_with = \"majority\"").any_may_restart);
  expect_refused("cluster", "restart_with = \"all\"", "\"majority\" or \"any\"");
  expect_refused("cluster", "restart_with = true", "a text, in quotes");
}

TEST(Settings, durability_is_disk_or_memory) {
  EXPECT_FALSE(read("replica", "durability = \"memory\"").durable);
  EXPECT_TRUE(read("replica", "durability = \"disk\"").durable);
  expect_refused("replica", "durability = \"tape\"", "\"disk\" or \"memory\"");
}

TEST(Settings, reads_are_by_lease_or_confirmed) {
  EXPECT_TRUE(read("replica", "reads = \"confirm\"").confirm_reads);
  EXPECT_FALSE(read("replica", "reads = \"lease\"").confirm_reads);
  expect_refused("replica", "reads = \"quorum\"", "\"lease\" or \"confirm\"");
}

TEST(Settings, a_local_socket_has_a_whole_path_wherever_the_process_was_started) {
  EXPECT_EQ(read("replica", "local_socket = \"/run/titer.sock\"").local_socket, "/run/titer.sock");
  const std::string relative = read("replica", "local_socket = \"titer.sock\"").local_socket;
  EXPECT_EQ(relative, (std::filesystem::current_path() / "titer.sock").string());
}

TEST(Settings, an_execution_log_is_a_file) {
  EXPECT_EQ(read("replica", "execution_log = \"/tmp/log\"").execution_log, "/tmp/log");
  expect_refused("replica", "execution_log = true", "a text, in quotes");
}

TEST(Settings, http_has_an_address_of_its_own) {
  EXPECT_EQ(read("replica", "http = \"127.0.0.1:80\"").http->text(), "127.0.0.1:80");
  expect_refused("replica", "http = \"127.0.0.1\"", "\"http\":");
  expect_refused("replica", "http = \"127.0.0.1:8892\"", "a port of its own");
}

TEST(Settings, an_etcd_that_needs_a_password_is_given_a_user_and_a_file) {
  expect_refused("register", "user = \"titer\"", "needs both \"user\" and \"password_file\"");
  expect_refused("register", "password_file = \"/tmp/word\"", "needs both \"user\" and \"password_file\"");
  const std::string missing = why_not("register", "user = \"titer\"\npassword_file = \"/nonexistent/word\"");
  EXPECT_NE(missing.find("/nonexistent/word"), std::string::npos) << missing;
}

TEST(Settings, a_certificate_has_its_key) {
  for (const char* section : {"register", "tls"}) {
    expect_refused(section, "ca = \"c\"\ncertificate = \"a\"", "needs both \"certificate\" and \"key\"");
    expect_refused(section, "ca = \"c\"\nkey = \"b\"", "needs both \"certificate\" and \"key\"");
  }
  const Config config = read("register", "ca = \"c\"\ncertificate = \"a\"\nkey = \"b\"");
  EXPECT_TRUE(config.etcd_tls.given());
  EXPECT_FALSE(config.tls.given()) << "etcd's certificates are not the replicas'";
  EXPECT_EQ(read("tls", "ca = \"c\"\ncertificate = \"a\"\nkey = \"b\"").tls.key, "b");
}

TEST(Settings, hosts_are_a_list_of_names) {
  EXPECT_EQ(read("http", "hosts = [\"a.example\", \"b.example\"]").http_hosts,
            (std::vector<std::string>{"a.example", "b.example"}));
  expect_refused("http", "hosts = \"a.example\"", "a list of texts");
  expect_refused("http", "hosts = [1]", "a list of texts");
}

TEST(Settings, endpoints_of_etcd_are_a_list_with_something_in_it) {
  std::string text = config_with();
  text.replace(text.find("[\"http://127.0.0.1:2379\"]"), 25, "[]");
  const auto config = parse_config(text, "titer.toml");
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("\"endpoints\" in [register] must be a list of texts"), std::string::npos);
}

TEST(Settings, limits_are_whole_numbers_within_bounds) {
  EXPECT_EQ(read("limits", "frames_in_flight = 64").frames_in_flight, 64U);
  EXPECT_EQ(read("limits", "connections = 100").connections.in_all, 100U);
  EXPECT_EQ(read("limits", "connections_per_address = 10").connections.per_address, 10U);
  for (const char* name :
       {"frames_in_flight", "requests_per_key", "requests_per_address", "connections", "connections_per_address"}) {
    expect_refused("limits", std::string(name) + " = -1", "must be a number from");
    expect_refused("limits", std::string(name) + " = 1000001", "must be a number from");
    expect_refused("limits", std::string(name) + " = 1.5", "a whole number");
    expect_refused("limits", std::string(name) + " = \"10\"", "a whole number");
  }
}

TEST(Settings, a_rate_that_an_operator_sets_counts_for_this_machine_too) {
  EXPECT_FALSE(read().rates.per_key.this_machine) << "the default is for strangers";
  EXPECT_TRUE(read("limits", "requests_per_key = 5").rates.per_key.this_machine);
  const Config off = read("limits", "requests_per_address = 0");
  EXPECT_EQ(off.rates.per_address.per_second, 0);
}

// `titer serve --check` said that such a configuration could be used, and `titer serve` refused it.
TEST(Settings, the_log_has_one_of_its_levels) {
  for (const char* level : {"debug", "info", "warning", "error", "off"})
    EXPECT_EQ(read("log", std::string("level = \"") + level + "\"").log_level, level);
  expect_refused("log", "level = \"loud\"", "one of debug, info, warning, error, off");
  expect_refused("log", "level = \"\"", "one of debug, info, warning, error, off");
  EXPECT_EQ(read("log", "file = \"/var/log/titer.log\"").log_file, "/var/log/titer.log");
}

TEST(Settings, a_section_is_a_section) {
  expect_refused("", "cluster = 1\n[x]", "");
  const auto config = parse_config("cluster = 1\n", "titer.toml");
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("titer.toml:1:"), std::string::npos) << config.error().message;
}

TEST(Settings, only_the_first_of_several_mistakes_is_told) {
  const std::string why = why_not("limits", "frames_in_flight = 0\nconnections = -1");
  EXPECT_NE(why.find("frames_in_flight"), std::string::npos);
  EXPECT_EQ(why.find("connections"), std::string::npos);
}

TEST(Settings, a_file_that_cannot_be_read_is_an_error_with_its_name) {
  const auto config = read_config("/nonexistent/titer.toml");
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("/nonexistent/titer.toml"), std::string::npos);
}

TEST(Settings, a_file_is_read_as_its_text_is) {
  const std::string path = testing::TempDir() + "titer-settings.toml";
  std::ofstream(path) << config_with("replica", "reads = \"confirm\"");
  const auto config = read_config(path, {3, "", ""});
  std::filesystem::remove(path);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_TRUE(config->confirm_reads);
  EXPECT_EQ(config->index, ReplicaId(3));
}

TEST(Settings, etcd_by_https_needs_an_authority_that_can_be_read) {
  std::string text = config_with("register", "ca = \"/nonexistent/ca.pem\"");
  text.replace(text.find("http://127"), 4, "https");
  auto config = parse_config(text, "titer.toml");
  ASSERT_TRUE(config.ok()) << config.error().message;
  const Status secured = secure_etcd(*config);
  ASSERT_FALSE(secured.ok());
  EXPECT_EQ(secured.error().message.find("[register]:"), 0U) << secured.error().message;
}

TEST(Settings, loopback_has_several_names_and_other_addresses_need_tls) {
  for (const char* local : {"localhost:8892", "127.0.0.9:8892", "[::1]:8892"}) {
    std::string text = config_with();
    text.replace(text.find("127.0.0.1:8892"), 14, local);
    EXPECT_TRUE(secure_enough(*parse_config(text, "titer.toml")).ok()) << local;
  }
  const Config http = read("replica", "http = \"0.0.0.0:8080\"");
  const Status refused = secure_enough(http);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("0.0.0.0:8080"), std::string::npos);
  EXPECT_NE(refused.error().message.find("--insecure"), std::string::npos) << "it says what to do";
}

}  // namespace
}  // namespace titer::host
