#include "worker/evaluate/text.h"

#include <algorithm>

#include "common/text/utf8.h"

namespace nascent::worker {
namespace {

bool IsControl(char c) { return (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 0x7F; }

}  // namespace

std::string ValidText(std::string_view text, size_t limit) {
  std::string valid = text::RepairUtf8(text, U'?');
  std::replace_if(valid.begin(), valid.end(), IsControl, '?');
  valid.resize(text::CutUtf8(valid, limit).size());
  return valid;
}

}  // namespace nascent::worker
