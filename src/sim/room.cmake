# The page of a trace lies in the program as it is (trace_blob.cc).
set_source_files_properties(${dir}/trace_blob.cc PROPERTIES
  COMPILE_DEFINITIONS "TITER_TRACE_PAGE=\"${dir}/trace_page\""
  OBJECT_DEPENDS "${dir}/trace_page.html;${dir}/trace_page.js;${dir}/trace_page_panel.js")
