// SPDX-License-Identifier: Apache-2.0

// TestAuthority: a directory with an authority of the test's own and the certificates that it makes; for tests under TLS.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "net/authority.h"
#include "net/tls.h"

namespace titer::net {

inline constexpr Validity kNow{0, 30}, kPast{-30, -1}, kFuture{5, 30};

class TestAuthority {
 public:
  TestAuthority() {
    std::string pattern = "/tmp/titer-tls-test-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    authority_ = make_authority("ours", kNow).value();
    write("ca.pem", authority_.certificate);
    certify("one", authority_, {"127.0.0.1"}, kNow);
  }
  ~TestAuthority() { std::filesystem::remove_all(folder_); }
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  [[nodiscard]] const Certificate& authority() const { return authority_; }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::remove(file(name));
    std::ofstream(file(name)) << text;
    ::chmod(file(name).c_str(), S_IRUSR | S_IWUSR);
  }
  // NAME.pem and NAME-key.pem; "one" is there from the beginning, for 127.0.0.1.
  void certify(const std::string& name, const Certificate& authority, const std::vector<std::string>& names,
               Validity validity, Purpose purpose = Purpose::kReplica) const {
    const Certificate made = issue(authority, names, validity, purpose).value();
    write(name + ".pem", made.certificate);
    write(name + "-key.pem", made.key);
  }
  // With that certificate, or with none; it believes our authority.
  [[nodiscard]] std::shared_ptr<Tls> tls(const std::string& name, bool asks = true) const {
    auto opened = Tls::open({file("ca.pem"), name.empty() ? "" : file(name + ".pem"),
                             name.empty() ? "" : file(name + "-key.pem"), asks});
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? opened.value() : nullptr;
  }

 private:
  std::string folder_;
  Certificate authority_;
};

}  // namespace titer::net
