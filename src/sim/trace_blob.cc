// SPDX-License-Identifier: Apache-2.0

// The trace's page as it lies in the program: trace_page.html, trace_page.js and trace_page_panel.js.
#define TITER_EMBED(name, file)                                       \
  asm(".section .rodata\n"                                            \
      ".global titer_trace_" name "_begin\n.hidden titer_trace_" name \
      "_begin\n"                                                      \
      "titer_trace_" name "_begin:\n.incbin \"" TITER_TRACE_PAGE file \
      "\"\n"                                                          \
      ".global titer_trace_" name "_end\n.hidden titer_trace_" name   \
      "_end\n"                                                        \
      "titer_trace_" name "_end:\n.byte 0\n.section .text\n")

TITER_EMBED("html", ".html");
TITER_EMBED("picture", ".js");
TITER_EMBED("panel", "_panel.js");
