import Testing

@testable import TesseraOpenCL

@Suite struct PTXTextTests {
  @Test func `PTX is told from OpenCL C by its first statement`() {
    #expect(PTXText.isPTX("//\n// by hand\n\n  .version 8.0\n.target sm_90a\n"))
    #expect(!PTXText.isPTX("// .version 8.0\nkernel void f() {}"))
    #expect(!PTXText.isPTX(""))
  }

  @Test func `marked instructions are uncovered and the target gets its letter`() {
    let text =
      ".version 9.0\n.target sm_90, texmode_independent\n// plain\n\t//@wgmma.fence;\n//@x;"
    let wanted = ".version 9.0\n.target sm_90a, texmode_independent\n// plain\n\twgmma.fence;\nx;"
    let result = PTXText.uncovered(Array(text.utf8), computeCapability: 90)
    #expect(result.map { String(decoding: $0, as: UTF8.self) } == wanted)
    let again = PTXText.uncovered(Array((wanted + "//@y;").utf8), computeCapability: 90)
    #expect(again.map { String(decoding: $0, as: UTF8.self) } == wanted + "y;")
  }

  @Test func `text without marks is left alone`() {
    #expect(PTXText.uncovered(Array(".target sm_90\nret;".utf8), computeCapability: 90) == nil)
  }

  @Test(arguments: [
    (".version 9.0\n.target sm_90a, texmode_independent\n", true),
    (".version 9.0\n.target sm_90, texmode_independent\n", false), (".target sm_90", false),
    ("no text at all", false), ("", false),
  ])
  func `text for one architecture is told by its target`(text: String, expected: Bool) {
    #expect(PTXText.isArchitectureSpecific(Array(text.utf8)) == expected)
  }
}
