import TesseraCore
import TesseraGLSL
import Testing

@Suite struct GLSLTests {
  static let scale = """
    #version 460
    layout(local_size_x = WIDTH) in;
    layout(set = 0, binding = 0) buffer Values { float values[]; };
    layout(push_constant) uniform Constants { float factor; };
    void main() { values[gl_GlobalInvocationID.x] *= factor; }
    """

  @Test(arguments: zip(GLSL.Target.allCases, [0x0001_0300, 0x0001_0500, 0x0001_0600]))
  func `a shader becomes SPIR-V of the target's version`(target: GLSL.Target, version: Int) throws {
    let words = try GLSL.compile(Self.scale, defines: ["WIDTH": "32"], target: target)
    #expect(words.first == 0x0723_0203)
    #expect(Int(words[1]) == version)
    // From 1.6 on the size is given by constants instead.
    if target == .vulkan1_3 { return }
    // OpExecutionMode %main LocalSize 32 1 1
    let mode = words.indices.dropLast(5).first { words[$0] == 6 << 16 | 16 && words[$0 + 2] == 17 }
    #expect(mode.map { Array(words[($0 + 3)...($0 + 5)]) } == [32, 1, 1])
  }

  @Test func `equal input gives equal words, also at the same time`() async throws {
    let expected = try GLSL.compile(Self.scale, defines: ["WIDTH": "8", "A": "1"])
    let wrong = Self.scale
    await withTaskGroup(of: [UInt32]?.self) { group in
      for i in 0..<16 {
        // Every other one fails, which must not disturb the others.
        group.addTask {
          try? GLSL.compile(wrong, defines: i % 2 == 0 ? ["WIDTH": "8", "A": "1"] : [:])
        }
      }
      var good = 0
      for await words in group {
        if let words {
          good += 1
          #expect(words == expected)
        }
      }
      #expect(good == 8)
    }
  }

  @Test func `an error has the compiler's log with the line of the source`() throws {
    let error = #expect(throws: TesseraError.self) {
      try GLSL.compile("#version 460\nvoid main() {\n  undeclared = 1;\n}", defines: ["A": "1"])
    }
    #expect(error?.code == .compile)
    #expect(error?.log?.contains("0:3: 'undeclared'") == true, "\(error?.log ?? "")")
  }

  @Test(arguments: [
    "", "void f() {}", "#version 999\nvoid main() {}", "#include \"x\"\nvoid main() {}",
    "void main() {",
    "#error no\nvoid main() {}", "\u{FEFF}\u{1F600}", "void main();", "main",
    "void f(); void main() { f(); }",
  ])
  func `a text that is no shader is an error`(source: String) throws {
    let error = #expect(throws: TesseraError.self) { try GLSL.compile(source) }
    #expect(error?.code == .compile)
    #expect(error?.log?.isEmpty == false)
  }

  @Test(arguments: [
    ["": "1"], ["1A": "1"], ["A B": "1"], ["é": "1"], ["A": "1\n#error"], ["A": "\\"], ["A": "\0"],
  ])
  func `a define that could break out of its line is refused`(defines: [String: String]) throws {
    let error = #expect(throws: TesseraError.self) {
      try GLSL.compile("void main() {}", defines: defines)
    }
    #expect(error?.code == .invalidArgument)
  }

  @Test func `zero bytes and too long a source are refused`() throws {
    let zero = #expect(throws: TesseraError.self) { try GLSL.compile("void main() {}\0") }
    #expect(zero?.code == .invalidArgument)
    let long = #expect(throws: TesseraError.self) {
      try GLSL.compile("void main() {}" + String(repeating: " ", count: GLSL.maximumSourceBytes))
    }
    #expect(long?.code == .overLimit)
  }

  @Test(arguments: [("+x", 100_000), ("-", 4_000), ("(", 4_000), ("{", 4_000), ("x[", 4_000)])
  func `deep nesting does not overflow the stack`(piece: String, count: Int) throws {
    let middle = String(repeating: piece, count: count)
    let source = "void main() { int x = 1; int y = x\(piece == "{" ? ";" : "")\(middle); }"
    // Whether it compiles is glslang's choice; that it comes back is ours.
    do throws(TesseraError) {
      #expect(try GLSL.compile(source).first == 0x0723_0203)
    } catch { #expect(error.code == .compile) }
  }

  @Test func `damaged shaders give an error or words, never a crash`() throws {
    let source = Array(Self.scale.replacing("WIDTH", with: "64").utf8)
    var state: UInt64 = 7
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for _ in 0..<300 {
      var bytes = source
      for _ in 0...random(3) {
        let place = random(bytes.count)
        switch random(3) {
        case 0: bytes[place] = UInt8(32 + random(95))
        case 1: bytes.remove(at: place)
        default:
          let end = min(bytes.count, place + random(20))
          bytes.insert(contentsOf: Array(bytes[place..<end]), at: random(bytes.count))
        }
      }
      do throws(TesseraError) {
        #expect(try GLSL.compile(String(decoding: bytes, as: UTF8.self)).first == 0x0723_0203)
      } catch { #expect(error.code == .compile || error.code == .invalidArgument) }
    }
  }
}
