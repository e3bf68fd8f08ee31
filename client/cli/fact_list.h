// What is known of one thing: a name and a value per line.

#ifndef NASCENT_CLIENT_CLI_FACT_LIST_H_
#define NASCENT_CLIENT_CLI_FACT_LIST_H_

#include <string>
#include <vector>

#include "client/cli/style.h"

namespace nascent::cli {

class FactList {
 public:
  void Add(std::string name, std::string value, Ink ink = Ink::kPlain) {
    facts_.push_back({std::move(name), std::move(value), ink});
  }

  // Names in one column, values in the other; a value that is too long goes on in the next line,
  // and stands below its name where the column would be narrow. `width` 0: as long as it is.
  std::vector<std::string> Lines(int width, const Style& style) const;

 private:
  struct Fact {
    std::string name;
    std::string value;
    Ink ink;
  };
  std::vector<Fact> facts_;
};

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_FACT_LIST_H_
