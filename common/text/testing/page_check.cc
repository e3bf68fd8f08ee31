#include "common/text/testing/page_check.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace nascent::text::testing {
namespace {

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void Append(std::string& out, char sign, const std::vector<std::string>& lines, size_t same,
            size_t end, size_t most) {
  for (size_t i = same; i < std::min(end, same + most); ++i) {
    out += std::string(1, sign) + lines[i] + "\n";
  }
  if (end > same + most) {
    out += std::string(1, sign) + "... " + std::to_string(end - same - most) + " lines more\n";
  }
}

}  // namespace

std::string Difference(const std::string& found, const std::string& wanted, size_t most) {
  const std::vector<std::string> is = LinesOf(found);
  const std::vector<std::string> should = LinesOf(wanted);
  size_t same = 0;
  while (same < is.size() && same < should.size() && is[same] == should[same]) ++same;
  size_t is_end = is.size();
  size_t should_end = should.size();
  while (is_end > same && should_end > same && is[is_end - 1] == should[should_end - 1]) {
    --is_end;
    --should_end;
  }
  std::string out = "from line " + std::to_string(same + 1) + " on:\n";
  Append(out, '-', is, same, is_end, most);
  Append(out, '+', should, same, should_end, most);
  return out;
}

::testing::AssertionResult PageHolds(const std::string& path, const std::string& wanted,
                                     const std::string& program) {
  if (std::getenv("NASCENT_WRITE_DOCS") != nullptr) std::ofstream(path) << wanted;
  std::ifstream file(path);
  if (!file.is_open()) return ::testing::AssertionFailure() << path << " can't be read";
  const std::string found{std::istreambuf_iterator<char>(file), {}};
  if (found == wanted) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << path << " is not what its table says; to renew it:\n"
         << "  NASCENT_WRITE_DOCS=1 build/release/bin/" << program << "\n"
         << Difference(found, wanted);
}

}  // namespace nascent::text::testing
