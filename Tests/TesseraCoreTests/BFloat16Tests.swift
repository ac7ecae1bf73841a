import Testing
import TesseraCore

@Suite struct BFloat16Tests {
  @Test func `rounds to nearest even and keeps NaN`() {
    #expect(BFloat16(1.0).bitPattern == 0x3F80)
    #expect(BFloat16(Float(bitPattern: 0x3F80_8000)).bitPattern == 0x3F80)
    #expect(BFloat16(Float(bitPattern: 0x3F81_8000)).bitPattern == 0x3F82)
    #expect(Float(BFloat16(.nan)).isNaN)
    #expect(Float(BFloat16(Float.greatestFiniteMagnitude)) == .infinity)
  }
}
