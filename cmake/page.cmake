# SPDX-License-Identifier: Apache-2.0

# titer_page(target): builds web/ with npm and Vite and packs it into the program. Modules and their tests need none of
# this, so who builds only those needs no npm.
find_program(TITER_NPM npm)
if(NOT TITER_NPM)
  set(TITER_NPM npm)  # looked for again, and complained of, when the program is built
endif()
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(titer_page target)
  set(web ${PROJECT_SOURCE_DIR}/web)
  set(built ${PROJECT_BINARY_DIR}/web)
  set(installed ${PROJECT_BINARY_DIR}/web_packages.stamp)
  set(packed ${PROJECT_BINARY_DIR}/web.bin)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/src/* ${web}/public/*)
  add_custom_command(
    OUTPUT ${installed}
    COMMAND ${CMAKE_COMMAND} -DWEB=${web} -DSTAMP=${installed} -DNPM=${TITER_NPM}
            -P ${PROJECT_SOURCE_DIR}/cmake/install_npm.cmake
    DEPENDS ${web}/package-lock.json ${PROJECT_SOURCE_DIR}/cmake/install_npm.cmake
    COMMENT "fetching what the page is built with"
    VERBATIM)
  add_custom_command(
    OUTPUT ${packed}
    COMMAND ${CMAKE_COMMAND} -E chdir ${web} ${CMAKE_COMMAND} -E env TITER_WEB_OUT=${built}
            ${TITER_NPM} run --silent build
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/cmake/embed_page.py ${built} ${packed}
    DEPENDS ${installed} ${sources} ${web}/index.html ${web}/package.json ${web}/tsconfig.json ${web}/vite.config.ts
            ${web}/products_table.ts ${PROJECT_SOURCE_DIR}/data/codes/cvx.csv
            ${PROJECT_SOURCE_DIR}/data/codes/ndc.csv ${PROJECT_SOURCE_DIR}/data/codes/treatments.csv
            ${PROJECT_SOURCE_DIR}/cmake/embed_page.py
    COMMENT "building the page"
    VERBATIM)
  target_sources(${target} PRIVATE ${packed})
  set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/page_blob.cc PROPERTIES
                              OBJECT_DEPENDS ${packed} SKIP_PRECOMPILE_HEADERS ON
                              COMPILE_DEFINITIONS "TITER_PAGE=\"${packed}\"")
endfunction()
