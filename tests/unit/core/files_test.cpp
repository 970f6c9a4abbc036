#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.hpp"
#include "core/memory.hpp"
#include "support/expect_error.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

using test::expect_error;
using test::slurp;
using test::spill;
using test::TemporaryDirectory;

TEST(ReadFile, WholeFileWithNulBytes) {
    const TemporaryDirectory dir;
    const std::string bytes("a\0b\r\n\xFF", 6);
    spill(dir / "f", bytes);
    EXPECT_EQ(read_file(dir / "f"), bytes);
    spill(dir / "empty", "");
    EXPECT_EQ(read_file(dir / "empty"), "");
}

TEST(ReadFile, ErrorsNameTheFile) {
    const TemporaryDirectory dir;
    expect_error(ErrorCode::input, {"label file", "missing", "No such file"},
                 [&] { (void)read_file(dir / "missing", "label file"); });
    expect_error(ErrorCode::input, {"directory"}, [&] { (void)read_file(dir.path()); });
}

TEST(ReadFile, PipeIsReadToItsEnd) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    ASSERT_EQ(write(ends[1], "text", 4), 4);
    close(ends[1]);
    const std::string name = "/dev/fd/" + std::to_string(ends[0]);
    if (!std::filesystem::exists(name)) GTEST_SKIP() << "no /dev/fd here";
    EXPECT_EQ(read_file(name), "text");
    close(ends[0]);
}

TEST(AtomicFile, AppearsOnCommitOnly) {
    const TemporaryDirectory dir;
    spill(dir / "out", "old");
    {
        AtomicFile file(dir / "out");
        file.write("new ");
        file.write("text");
        EXPECT_EQ(slurp(dir / "out"), "old");
        file.commit();
    }
    EXPECT_EQ(slurp(dir / "out"), "new text");
    EXPECT_EQ(dir.count(), 1);
}

TEST(AtomicFile, WithoutCommitNothingChanges) {
    const TemporaryDirectory dir;
    spill(dir / "out", "old");
    {
        AtomicFile file(dir / "out");
        file.write("new");
        EXPECT_EQ(dir.count(), 2);
    }
    EXPECT_EQ(slurp(dir / "out"), "old");
    EXPECT_EQ(dir.count(), 1);
}

TEST(AtomicFile, KeepsPermissionsAndFollowsLinks) {
    const TemporaryDirectory dir;
    spill(dir / "target", "old");
    ASSERT_EQ(chmod((dir / "target").c_str(), 0640), 0);
    std::filesystem::create_symlink(dir / "target", dir / "link");
    write_file_atomically(dir / "link", "new");
    EXPECT_EQ(slurp(dir / "target"), "new");
    EXPECT_TRUE(std::filesystem::is_symlink(dir / "link"));
    struct stat status {};
    ASSERT_EQ(stat((dir / "target").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(AtomicFile, RefusesPlacesThatCannotBe) {
    const TemporaryDirectory dir;
    spill(dir / "file", "x");
    expect_error(ErrorCode::output, {"does not exist", "no/such"},
                 [&] { write_file_atomically(dir / "no/such/out", "x"); });
    expect_error(ErrorCode::output, {"is a directory"}, [&] { write_file_atomically(dir.path(), "x"); });
    expect_error(ErrorCode::output, {"directory"}, [&] { write_file_atomically(dir / "file/out", "x"); });
    expect_error(ErrorCode::output, {"empty"}, [&] { write_file_atomically("", "x"); });
}

TEST(AtomicFile, FullDiskLeavesTheOldFile) {
    const TemporaryDirectory dir;
    spill(dir / "out", "old");
    // A limit on the size of files stands for the full disk: write() fails alike.
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = signal(SIGXFSZ, SIG_IGN);
    const rlimit small{4096, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    expect_error(ErrorCode::output, {"out", "cannot write"},
                 [&] { write_file_atomically(dir / "out", std::string(100000, 'x')); });
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    EXPECT_EQ(slurp(dir / "out"), "old");
    EXPECT_EQ(dir.count(), 1);
}

TEST(AtomicFile, DevicesAreWrittenToAndNotReplaced) {
    if (!std::filesystem::is_character_file("/dev/full")) GTEST_SKIP() << "no /dev/full here";
    write_file_atomically("/dev/null", "gone");
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
    expect_error(ErrorCode::output, {"/dev/full", "No space left", "free some space"},
                 [] { write_file_atomically("/dev/full", "x"); });
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(Memory, PeakGrowsWithUse) {
    const std::uint64_t before = peak_rss();
    ASSERT_GT(before, 1u << 20);
    const std::string block(before, 'x');  // as much again
    EXPECT_GE(peak_rss(), before + before / 2) << block.size();
}

}  // namespace
}  // namespace llmx
