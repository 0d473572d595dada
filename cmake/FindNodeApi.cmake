# Finds Node-API's C headers and node-addon-api's C++ ones in node_modules, with no network and no cmake-js, and makes the
# interface target NodeApi::headers. On a machine without npm give NODE_API_INCLUDE_DIR and NODE_ADDON_API_DIR.

find_path(NODE_API_INCLUDE_DIR node_api.h
  PATHS "${CMAKE_CURRENT_LIST_DIR}/../node_modules/node-api-headers/include" NO_DEFAULT_PATH
  DOC "Folder with node_api.h")
find_path(NODE_ADDON_API_DIR napi.h
  PATHS "${CMAKE_CURRENT_LIST_DIR}/../node_modules/node-addon-api" NO_DEFAULT_PATH
  DOC "Folder with napi.h")

if(NOT NODE_API_INCLUDE_DIR)
  # A Node installed from its tarball has the headers beside bin/.
  execute_process(COMMAND node -p "require('path').resolve(process.execPath, '../../include/node')"
    OUTPUT_VARIABLE _node_include OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  find_path(NODE_API_INCLUDE_DIR node_api.h PATHS "${_node_include}" NO_DEFAULT_PATH)
endif()

if(NOT NODE_API_INCLUDE_DIR OR NOT NODE_ADDON_API_DIR)
  message(FATAL_ERROR "node_api.h and napi.h were not found under node_modules. Run `npm ci`, or give -DNODE_API_INCLUDE_DIR=… "
    "and -DNODE_ADDON_API_DIR=…")
endif()

add_library(NodeApi::headers INTERFACE IMPORTED)
set_target_properties(NodeApi::headers PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${NODE_API_INCLUDE_DIR};${NODE_ADDON_API_DIR}"
  INTERFACE_COMPILE_DEFINITIONS "NAPI_VERSION=9;NODE_ADDON_API_CPP_EXCEPTIONS")

set(NodeApi_FOUND TRUE)
