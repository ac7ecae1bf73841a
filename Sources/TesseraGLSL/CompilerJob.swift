internal import CGlslang
import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One shader on its way through glslang.
struct CompilerJob {
  let source: String
  let preamble: String
  let target: GLSL.Target
  let debugInfo: Bool

  /// glslang keeps state per process: it is initialised once and never finalised.
  private static let isReady = glslang_initialize_process() != 0

  /// Parses, links and translates the shader.
  func run() -> Result<[UInt32], TesseraError> {
    guard Self.isReady else { return failure("glslang could not be initialised", nil) }
    return source.withCString { code in
      var input = glslang_input_t()
      input.language = GLSLANG_SOURCE_GLSL
      input.stage = GLSLANG_STAGE_COMPUTE
      input.client = GLSLANG_CLIENT_VULKAN
      input.target_language = GLSLANG_TARGET_SPV
      switch target {
      case .vulkan1_1:
        input.client_version = GLSLANG_TARGET_VULKAN_1_1
        input.target_language_version = GLSLANG_TARGET_SPV_1_3
      case .vulkan1_2:
        input.client_version = GLSLANG_TARGET_VULKAN_1_2
        input.target_language_version = GLSLANG_TARGET_SPV_1_5
      case .vulkan1_3:
        input.client_version = GLSLANG_TARGET_VULKAN_1_3
        input.target_language_version = GLSLANG_TARGET_SPV_1_6
      }
      input.code = code
      input.default_version = 460
      input.default_profile = GLSLANG_NO_PROFILE
      input.messages = glslang_messages_t(
        GLSLANG_MSG_SPV_RULES_BIT.rawValue | GLSLANG_MSG_VULKAN_RULES_BIT.rawValue)
      input.resource = glslang_default_resource()
      guard let shader = glslang_shader_create(&input) else {
        return failure("glslang has no memory", nil)
      }
      defer { glslang_shader_delete(shader) }
      // glslang keeps this pointer until parsing ends.
      return preamble.withCString { preamble in
        glslang_shader_set_preamble(shader, preamble)
        guard glslang_shader_preprocess(shader, &input) != 0,
          glslang_shader_parse(shader, &input) != 0
        else { return failure("GLSL did not compile", glslang_shader_get_info_log(shader)) }
        return link(shader, messages: Int32(input.messages.rawValue))
      }
    }
  }

  private func link(
    _ shader: OpaquePointer, messages: Int32
  ) -> Result<[UInt32], TesseraError> {
    guard let program = glslang_program_create() else {
      return failure("glslang has no memory", nil)
    }
    defer { glslang_program_delete(program) }
    glslang_program_add_shader(program, shader)
    // Generating code for a program that did not link would crash.
    guard glslang_program_link(program, messages) != 0 else {
      return failure("GLSL did not link", glslang_program_get_info_log(program))
    }
    var options = glslang_spv_options_t()
    options.generate_debug_info = debugInfo
    options.disable_optimizer = true
    glslang_program_SPIRV_generate_with_options(program, GLSLANG_STAGE_COMPUTE, &options)
    let count = glslang_program_SPIRV_get_size(program)
    guard count > 0 else {
      return failure("GLSL gave no code", glslang_program_SPIRV_get_messages(program))
    }
    return .success(
      [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
        glslang_program_SPIRV_get(program, buffer.baseAddress)
        initialized = count
      })
  }

  private func failure(
    _ message: String, _ log: UnsafePointer<CChar>?
  ) -> Result<[UInt32], TesseraError> {
    let text = log.map { String(cString: $0) } ?? ""
    let end = text.lastIndex { !$0.isWhitespace }
    return .failure(TesseraError(.compile, message, log: end.map { String(text[...$0]) }))
  }
}
