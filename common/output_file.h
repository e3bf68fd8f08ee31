// A file that a command writes for its user.

#ifndef NASCENT_COMMON_OUTPUT_FILE_H_
#define NASCENT_COMMON_OUTPUT_FILE_H_

#include <cstdio>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace nascent {

// Becomes visible under its name only by Commit, whole, with the rights of the file that stood
// there before. Where the name is a symbolic link, the file that it points to is replaced and the
// link stays. What is no regular file (a pipe, a device, standard output under a name of its own)
// is written into, never replaced; there nothing can be held back until Commit.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  // What was not committed leaves nothing behind.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Both: "cannot write PATH: …" with the system's reason and its code.
  absl::Status Write(std::string_view bytes);
  absl::Status Commit();

 private:
  void Open();
  absl::Status Error(int error) const;

  const std::string path_;
  std::string target_;     // what is replaced; links are followed
  std::string temporary_;  // empty: written into as it stands
  std::FILE* file_ = nullptr;
  int open_error_ = 0;
};

// All at once.
absl::Status WriteOutputFile(const std::string& path, std::string_view bytes);

}  // namespace nascent

#endif  // NASCENT_COMMON_OUTPUT_FILE_H_
