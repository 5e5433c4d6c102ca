// SPDX-License-Identifier: Apache-2.0

#include "host/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace titer::host {
namespace {

const std::string kWhole = R"(
[cluster]
name = "north"

[replica]
index = 1
data = "/var/lib/titer"
wire = "127.0.0.1:8892"
http = "127.0.0.1:8080"

[register]
endpoints = ["http://127.0.0.1:2379", "https://etcd.example:2379"]

[log]
level = "warn"
)";

std::string refusal(const std::string& text) {
  const auto config = parse_config(text, "titer.toml");
  return config ? "" : config.error().message;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(Config, what_is_said_is_read_and_the_rest_has_a_default) {
  const auto config = parse_config(kWhole, "titer.toml");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->cluster, "north");
  EXPECT_EQ(config->index, ReplicaId(1));
  EXPECT_EQ(config->wire.text(), "127.0.0.1:8892");
  EXPECT_EQ(config->local_socket, "/var/lib/titer/titer.sock");
  EXPECT_TRUE(config->durable);
  ASSERT_EQ(config->etcd.endpoints.size(), 2U);
  EXPECT_EQ(config->etcd.endpoints[1].text(), "https://etcd.example:2379");
  EXPECT_EQ(config->log_level, "warn");
}

TEST(Config, the_command_line_replaces_what_differs_between_replicas) {
  const std::string shared = replaced(replaced(kWhole, "index = 1", ""), "wire = \"127.0.0.1:8892\"", "");
  EXPECT_NE(refusal(shared), "");
  const auto config = parse_config(shared, "titer.toml", {2, "127.0.0.3:8892", "127.0.0.3:80"});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->index, ReplicaId(2));
  EXPECT_EQ(config->wire.text(), "127.0.0.3:8892");
  EXPECT_EQ(config->http->text(), "127.0.0.3:80");
  EXPECT_FALSE(parse_config(shared, "titer.toml", {16, "127.0.0.3:8892", ""}).ok());
  EXPECT_FALSE(parse_config(shared, "titer.toml", {2, "nowhere", ""}).ok());
}

// Found in the field: `titer init` and `titer serve` dialled port 1, or waited without end.
TEST(Config, an_endpoint_that_is_none_is_an_error_with_its_line) {
  for (const char* text : {"http://127.0.0.1:65537", "http://127.0.0.1:99999999999999999999999",
                           "ftp://127.0.0.1:21", "http://127.0.0.1:0", "http://127.0.0.1", "http://::1:2379"}) {
    const std::string why = refusal(replaced(kWhole, "http://127.0.0.1:2379", text));
    EXPECT_EQ(why.find("titer.toml:"), 0U) << why;
    EXPECT_NE(why.find("is not http://HOST:PORT or https://HOST:PORT; a port is a number from 1 to 65535"),
              std::string::npos)
        << why;
  }
  EXPECT_NE(refusal(replaced(kWhole, "127.0.0.1:8892", "127.0.0.1:65537")).find("titer.toml:8"), std::string::npos);
}

TEST(Config, the_wire_s_address_is_that_of_one_machine) {
  for (const char* bad :
       {"0.0.0.0:8892", "[::]:8892", "224.0.0.1:8892", "[ff02::1]:8892", "255.255.255.255:8892", "0:8892"}) {
    const std::string why = refusal(replaced(kWhole, "127.0.0.1:8892", bad));
    EXPECT_NE(why.find("titer.toml:8: \"wire\": "), std::string::npos) << why;
    EXPECT_NE(why.find("not the address of one machine"), std::string::npos) << why;
  }
  EXPECT_EQ(refusal(replaced(kWhole, "127.0.0.1:8080", "0.0.0.0:8080")), "") << "HTTP may listen on all of them";
}

TEST(Config, a_file_that_is_written_is_used_for_nothing_else) {
  const auto with = [](const std::string& log, const std::string& more) {
    return refusal(replaced(replaced(kWhole, "level = \"warn\"", "file = \"" + log + "\""), "index = 1",
                            "index = 1\n" + more));
  };
  EXPECT_EQ(with("/var/log/titer.log", "execution_log = \"/var/log/executed.log\""), "");
  for (const char* same : {"/var/log/titer.log", "/var/log/../log//titer.log"})
    EXPECT_NE(
        with("/var/log/titer.log", std::string("execution_log = \"") + same + "\"").find("used for something else"),
        std::string::npos);
  for (const char* other : {"/var/lib/titer", "/var/lib/titer/titer.sock", "titer.toml", "./titer.toml"})
    EXPECT_NE(with(other, "").find("used for something else"), std::string::npos) << other;
  EXPECT_NE(with("/x", "execution_log = \"titer.toml\"").find("titer.toml:7: \"execution_log\""),
            std::string::npos);
}

TEST(Config, http_on_all_addresses_takes_the_port_of_the_wire_too) {
  for (const char* all : {"0.0.0.0:8892", "[::]:8892"})
    EXPECT_NE(refusal(replaced(kWhole, "127.0.0.1:8080", all)).find("each needs a port of its own"),
              std::string::npos);
}

TEST(Config, an_address_is_given_once) {
  EXPECT_NE(
      refusal(replaced(kWhole, "127.0.0.1:8080", "localhost:8892")).find("titer.toml:9: \"wire\" and \"http\""),
      std::string::npos);
  EXPECT_NE(refusal(replaced(kWhole, "https://etcd.example:2379", "http://localhost:2379")).find("is given twice"),
            std::string::npos);
}

TEST(Config, a_password_is_read_each_time_it_is_needed) {
  const std::string path = testing::TempDir() + "titer-password";
  std::ofstream(path) << "first\n";
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  const auto config = parse_config(
      replaced(kWhole, "[log]", "user = \"titer\"\npassword_file = \"" + path + "\"\n[log]"), "titer.toml");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->etcd.password().value(), "first");
  std::ofstream(path) << "second\n";
  EXPECT_EQ(config->etcd.password().value(), "second");
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  EXPECT_NE(config->etcd.password().error().message.find("chmod 600 " + path), std::string::npos);
  std::filesystem::remove(path);
  EXPECT_FALSE(config->etcd.password().ok());
}

TEST(Config, a_password_goes_in_the_clear_to_this_machine_only) {
  const std::string path = testing::TempDir() + "titer-clear-password";
  std::ofstream(path) << "word\n";
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  const auto safe = [&](const std::string& endpoints, bool insecure) {
    auto config = parse_config(
        replaced(replaced(kWhole, R"("http://127.0.0.1:2379", "https://etcd.example:2379")", endpoints), "[log]",
                 "user = \"titer\"\npassword_file = \"" + path + "\"\n[log]"),
        "titer.toml");
    EXPECT_TRUE(config.ok()) << config.error().message;
    config->insecure = insecure;
    const Status status = secure_etcd(*config);
    return status ? std::string() : status.error().message;
  };
  EXPECT_NE(safe(R"("http://etcd.example:2379")", false).find("in the clear to http://etcd.example:2379"),
            std::string::npos);
  EXPECT_EQ(safe(R"("http://etcd.example:2379")", true), "");
  EXPECT_EQ(safe(R"("http://127.0.0.1:2379", "http://localhost:2380", "http://[::1]:2379")", false), "");
  EXPECT_EQ(safe(R"("https://etcd.example:2379")", false), "");
  std::filesystem::remove(path);
}

TEST(Config, trusted_proxies_are_addresses_and_networks) {
  const auto config =
      parse_config(kWhole + "[http]\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n", "titer.toml");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->trusted_proxies.size(), 2U);
  EXPECT_NE(refusal(kWhole + "[http]\ntrusted_proxies = [\"10.0.0.1/8\"]\n").find("10.0.0.1/8"), std::string::npos);
}

TEST(Config, a_name_that_is_not_known_is_an_error_with_its_line) {
  EXPECT_EQ(refusal(replaced(kWhole, "data =", "date =")), "titer.toml:7: there is no \"date\" in [replica]");
  EXPECT_EQ(refusal("[clutser]\nname = 1\n"), "titer.toml:1: there is no \"clutser\" in the file");
}

TEST(Config, what_cannot_be_meant_is_an_error_that_says_where) {
  EXPECT_NE(refusal(replaced(kWhole, "index = 1", "index = 16")).find("from 0 to 15"), std::string::npos);
  for (const char* frames : {"0", "-1", "65"})
    EXPECT_NE(refusal(std::string(kWhole) + "\n[limits]\nframes_in_flight = " + frames + "\n").find("from 1 to 64"),
              std::string::npos)
        << frames;
  EXPECT_NE(refusal(replaced(kWhole, "index = 1", "index = \"1\"")).find("titer.toml:6"), std::string::npos);
  EXPECT_NE(refusal(replaced(kWhole, "8892", "port")).find("titer.toml:8"), std::string::npos);
  EXPECT_NE(refusal(replaced(kWhole, "\"http://127.0.0.1:2379\"", "2379")).find("list of texts"),
            std::string::npos);
  EXPECT_NE(refusal(replaced(kWhole, "name = \"north\"", "")).find("\"name\" is missing"), std::string::npos);
  EXPECT_NE(refusal(replaced(kWhole, "[log]", "[log")).find("titer.toml:"), std::string::npos);
}

TEST(Config, requests_are_limited_unless_it_says_otherwise) {
  const auto as_usual = parse_config(kWhole, "titer.toml");
  ASSERT_TRUE(as_usual.ok());
  EXPECT_EQ(as_usual->rates.per_key.per_second, net::kDefaultPerKey);
  EXPECT_EQ(as_usual->rates.per_address.per_second, net::kDefaultPerAddress);
  EXPECT_FALSE(as_usual->rates.per_address.this_machine);
  const auto said = parse_config(
      replaced(kWhole, "[log]", "[limits]\nrequests_per_key = 7\nrequests_per_address = 0\n[log]"), "titer.toml");
  ASSERT_TRUE(said.ok()) << said.error().message;
  EXPECT_EQ(said->rates.per_key.per_second, 7);
  EXPECT_TRUE(said->rates.per_key.this_machine);
  EXPECT_EQ(said->rates.per_address.per_second, 0);
}

TEST(Config, data_may_be_missing_only_in_memory) {
  const std::string without = replaced(kWhole, "data = \"/var/lib/titer\"", "");
  EXPECT_NE(refusal(without).find("\"data\" is missing"), std::string::npos);
  // HTTP then needs to be told by which socket it reaches its replica.
  const std::string in_memory = replaced(without, "index = 1", "index = 1\ndurability = \"memory\"");
  EXPECT_NE(refusal(in_memory).find("\"local_socket\""), std::string::npos);
  EXPECT_EQ(refusal(replaced(in_memory, "index = 1", "index = 1\nlocal_socket = \"/run/titer.sock\"")), "");
}

// With half of it, replicas of one machine served in plain text without a word.
TEST(Config, a_section_for_tls_is_whole_or_not_there) {
  const auto with = [](const std::string& tls) { return replaced(kWhole, "[register]", tls + "\n[register]"); };
  for (const char* half : {"[tls]", "[tls]\nca = \"ca.pem\"", "[tls]\nca = \"\"\ncertificate = \"\"\nkey = \"\"",
                           "[tls]\ncertificate = \"a\"\nkey = \"b\""})
    EXPECT_NE(refusal(with(half)).find("[tls] needs"), std::string::npos) << half;
  EXPECT_EQ(refusal(with("[tls]\nca = \"c\"\ncertificate = \"a\"\nkey = \"b\"")), "");
}

TEST(Config, beyond_loopback_it_needs_tls_or_a_word) {
  auto config = parse_config(replaced(kWhole, "127.0.0.1:8892", "10.0.0.1:8892"), "titer.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_NE(secure_enough(*config).error().message.find("10.0.0.1:8892"), std::string::npos);
  config->insecure = true;
  EXPECT_TRUE(secure_enough(*config).ok());
  config->insecure = false;
  config->tls = {"ca.pem", "replica.pem", "replica-key.pem"};
  EXPECT_TRUE(secure_enough(*config).ok());
}

TEST(Config, keys_protect_where_replicas_prove_who_they_are) {
  auto config = parse_config(kWhole, "titer.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_FALSE(keys_protect(*config)) << "on loopback too";
  const auto secret =
      parse_config(replaced(kWhole, "\"north\"", "\"north\"\nsecret_file = \"secret\""), "titer.toml");
  ASSERT_TRUE(secret.ok());
  EXPECT_EQ(secret->secret_file, "secret");
  EXPECT_TRUE(keys_protect(*secret));
  config->insecure = true;
  EXPECT_TRUE(keys_protect(*config));
  config->insecure = false;
  config->tls = {"ca.pem", "replica.pem", "replica-key.pem"};
  EXPECT_TRUE(keys_protect(*config));
}

}  // namespace
}  // namespace titer::host
