# Writes OUTPUT, a C++ file that holds the templates FILES (a list of paths, separated by commas).
string(REPLACE "," ";" FILES "${FILES}")
set(entries)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND entries "    {\"${name}\", R\"TEMPLATE(${text})TEMPLATE\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from common/space/presets.
#include \"common/space/presets.h\"

namespace nascent::space {

const std::vector<Preset>& Presets() {
  static const auto* const kPresets = new std::vector<Preset>{
${entries}  };
  return *kPresets;
}

}  // namespace nascent::space
")
