#include "common/space/language/block_kinds.h"

namespace nascent::space {

const std::vector<BlockKind>& BlockKinds() {
  static const auto* const kKinds = new std::vector<BlockKind>{
      {"choice", {}, MakeChoice},
      {"concat", {}, MakeConcat},
      {"dag", {"vertices", "most_edges", "channels", "from_input"}, MakeDag},
      {"graph", {"inputs", "output"}, MakeGraph},
      {"if", {"then", "else"}, MakeIf},
      {"list", {}, MakeList},
      {"mean", {}, MakeMean},
      {"product", {}, MakeProduct},
      {"repeat", {"times", "index", "share", "history", "result"}, MakeRepeat},
      {"select", {"count", "combine"}, MakeSelect},
      {"sequence", {}, MakeSequenceKind},
      {"side_output", {"called"}, MakeSideOutput},
      {"sum", {}, MakeSum},
      {"use", {"with"}, MakeUse},
  };
  return *kKinds;
}

const BlockKind* FindBlockKind(std::string_view name) {
  for (const BlockKind& kind : BlockKinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace nascent::space
