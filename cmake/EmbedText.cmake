# Writes a C++ file that holds text files as string literals. Run as a script:
#   cmake -D out=FILE -D root=DIR -D files="a.js;b.css" -P EmbedText.cmake
# A page holds its scripts inline: a text that would end or confuse the element is refused here.
set(entries "")
foreach(file IN LISTS files)
  file(READ "${root}/${file}" text)
  if(text MATCHES "</[sS][cC][rR][iI][pP][tT]|</[sS][tT][yY][lL][eE]|<!--")
    message(FATAL_ERROR "${file}: holds what ends a script or style element, or opens a comment; "
                        "expected it split ('<' + '/script')")
  endif()
  if(text MATCHES "\\)llmx~\"")
    message(FATAL_ERROR "${file}: holds the end of our literal")
  endif()
  # Literals of at most 16,000 characters: longer ones are beyond what compilers promise.
  string(LENGTH "${text}" length)
  set(literals "")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 16000 piece)
    string(APPEND literals "R\"llmx~(${piece})llmx~\"\n")
    math(EXPR at "${at} + 16000")
  endwhile()
  string(APPEND entries "    {\"${file}\", ${literals}},\n")
endforeach()
file(WRITE "${out}.new"
     "// Made by cmake/EmbedText.cmake.\n#include \"view/html/assets.hpp\"\n\nnamespace llmx::view {\n\n"
     "const std::vector<Asset>& assets() {\n  static const std::vector<Asset> all = {\n${entries}  };\n"
     "  return all;\n}\n\n}  // namespace llmx::view\n")
file(COPY_FILE "${out}.new" "${out}" ONLY_IF_DIFFERENT)
file(REMOVE "${out}.new")
