#include "host/notes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace titer::host {
namespace {

struct NotesTest : testing::Test {
  NotesTest() { std::filesystem::remove_all(dir); }
  ~NotesTest() override { std::filesystem::remove_all(dir); }
  std::string dir =
      testing::TempDir() + "titer-notes-" + testing::UnitTest::GetInstance()->current_test_info()->name();
};

NoteBook written() {
  NoteBook book;
  book.seen = {0xabc, 12, ViewNumber(7), 0x77, 1};
  book.foundings = {Incarnation(5), Incarnation(6)};
  book.exclusions = 3;
  return book;
}

TEST_F(NotesTest, what_was_written_is_there_after_a_restart) {
  {
    auto notes = Notes::open(dir);
    ASSERT_TRUE(notes.ok()) << notes.error().message;
    EXPECT_EQ(notes->book().seen, view::Authority());
    ASSERT_TRUE(notes->write(written()).ok());
  }
  const auto notes = Notes::open(dir);
  ASSERT_TRUE(notes.ok()) << notes.error().message;
  EXPECT_EQ(notes->book().seen, written().seen);
  EXPECT_EQ(notes->book().foundings, written().foundings);
  EXPECT_EQ(notes->book().exclusions, 3U);
}

TEST_F(NotesTest, a_damaged_file_is_an_error_and_not_a_fresh_start) {
  ASSERT_TRUE(Notes::open(dir)->write(written()).ok());
  std::fstream(dir + "/host", std::ios::in | std::ios::out | std::ios::binary).seekp(30).put('\x7f');
  EXPECT_FALSE(Notes::open(dir).ok());
}

TEST_F(NotesTest, who_was_excluded_again_and_again_waits_longer_up_to_a_minute) {
  auto notes = Notes::open("");
  ASSERT_TRUE(notes.ok());
  EXPECT_EQ(notes->joins_after_us(), 0);
  for (const auto& [times, seconds] :
       {std::pair(1U, 1), std::pair(2U, 2), std::pair(4U, 8), std::pair(7U, 60), std::pair(1000U, 60)}) {
    NoteBook book;
    book.exclusions = times;
    ASSERT_TRUE(notes->write(book).ok());
    EXPECT_EQ(notes->joins_after_us(), seconds * 1'000'000) << times;
  }
}

}  // namespace
}  // namespace titer::host
