package proxyhead

import (
	"net/netip"
	"strings"
)

// sig2 begins every header of version 2 (section 2.2).
const sig2 = "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"

// Blocks of addresses of version 2, by hand.
const (
	// 192.168.0.1:56324 to 192.168.0.11:443
	block4 = "\xc0\xa8\x00\x01" + "\xc0\xa8\x00\x0b" + "\xdc\x04" + "\x01\xbb"

	// [2001:db8::1]:4096 to [2001:db8::ff]:3305
	block6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff" +
		"\x10\x00" + "\x0c\xe9"

	// [::ffff:192.0.2.7]:1 to [::ffff:198.51.100.8]:65535
	blockMapped = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x07" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc6\x33\x64\x08" +
		"\x00\x01" + "\xff\xff"

	// PP2_TYPE_AUTHORITY "edi.example", PP2_TYPE_NOOP of two octets
	tlvs = "\x02\x00\x0bedi.example" + "\x04\x00\x02\x00\x00"
)

var (
	example = known("192.168.0.1:56324", "192.168.0.11:443")
	six     = known("[2001:db8::1]:4096", "[2001:db8::ff]:3305")
	nobody  = Header{}
)

func known(source, destination string) Header {
	return Header{Known: true, Source: netip.MustParseAddrPort(source), Destination: netip.MustParseAddrPort(destination)}
}

// golden are headers that are right.
var golden = []struct {
	name, raw string
	want      Header
}{
	{"v1 TCP4", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", example},
	{"v1 TCP4, longest", "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", known("255.255.255.255:65535", "255.255.255.255:65535")},
	{"v1 TCP4, shortest", "PROXY TCP4 1.1.1.1 2.2.2.2 0 1\r\n", known("1.1.1.1:0", "2.2.2.2:1")},
	{"v1 TCP6", "PROXY TCP6 2001:db8::1 2001:db8::ff 4096 3305\r\n", six},
	{"v1 TCP6, mapped", "PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.8 1 65535\r\n", known("192.0.2.7:1", "198.51.100.8:65535")},
	{"v1 TCP6, longest", "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", known(
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")},
	{"v1 UNKNOWN", "PROXY UNKNOWN\r\n", nobody},
	{"v1 UNKNOWN, longest", "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", nobody},

	{"v2 TCP4", sig2 + "\x21\x11\x00\x0c" + block4, example},
	{"v2 TCP4 with TLVs", sig2 + "\x21\x11\x00\x1f" + block4 + tlvs, example},
	{"v2 TCP4 with a torn TLV", sig2 + "\x21\x11\x00\x0f" + block4 + "\x02\xff\xff", example},
	{"v2 TCP4, largest", sig2 + "\x21\x11\x10\x00" + block4 + strings.Repeat("\x04", 4096-12), example},
	{"v2 TCP6", sig2 + "\x21\x21\x00\x24" + block6, six},
	{"v2 TCP6, mapped", sig2 + "\x21\x21\x00\x24" + blockMapped, known("192.0.2.7:1", "198.51.100.8:65535")},
	{"v2 LOCAL", sig2 + "\x20\x00\x00\x00", nobody},
	{"v2 LOCAL with addresses", sig2 + "\x20\x11\x00\x0c" + block4, nobody},
	{"v2 LOCAL, no room for its family", sig2 + "\x20\x21\x00\x03abc", nobody},
	{"v2 LOCAL, largest", sig2 + "\x20\x00\x10\x00" + strings.Repeat("x", 4096), nobody},
	{"v2 PROXY of nothing", sig2 + "\x21\x00\x00\x00", nobody},
	{"v2 PROXY of nothing with TLVs", sig2 + "\x21\x00\x00\x13" + tlvs, nobody},
	{"v2 UDP4", sig2 + "\x21\x12\x00\x0c" + block4, nobody},
	{"v2 Unix", sig2 + "\x21\x31\x00\xd8" + strings.Repeat("/", 216), nobody},
}

// hostile are openings that no header has. Each is refused as soon as it has
// come, without waiting for more.
var hostile = []struct{ name, raw, why string }{
	{"HTTP", "GET / HTTP/1.1\r\nHost: edi.example\r\n\r\n", `it is something else: "GET / HTTP/1.1\r"`},
	{"OFTP", "\x10\x00\x00\x17IODETTE FTP READY \r", `it is something else: "\x10\x00\x00\x17IODETTE FTP"`},
	{"TLS", "\x16\x03\x01\x02\x00", `it is something else: "\x16\x03\x01\x02\x00"`},
	{"one octet", "X", `it is something else: "X"`},
	{"empty line", "\r\n\r\n\r\n", `it is something else: "\r\n\r\n\r\n"`},
	{"lower case", "proxy", `it is something else: "proxy"`},
	{"no space", "PROXYTCP4", `it is something else: "PROXYTCP4"`},
	{"short line", "PROXY TCP4\r\n", `it is something else: "PROXY TCP4\r\n"`},

	{"v1, no such protocol", "PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", `it is malformed: "PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n"`},
	{"v1, no CR", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", `it is malformed: "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n"`},
	{"v1, two spaces", "PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n", `it is malformed: "PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r"`},
	{"v1, port too great", "PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n", `it is malformed: "PROXY TCP4 1.1.1.1 2.2.2.2 65536"`},
	{"v1, negative port", "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n", `it is malformed`},
	{"v1, zero before the port", "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n", `it is malformed`},
	{"v1, five fields", "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", `it is malformed`},
	{"v1, seven fields", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", `it is malformed`},
	{"v1, a name", "PROXY TCP4 localhost 2.2.2.2 1 2\r\n", `it is malformed`},
	{"v1, octal", "PROXY TCP4 010.1.1.1 2.2.2.2 1 2\r\n", `it is malformed`},
	{"v1, families mixed", "PROXY TCP4 ::1 2.2.2.2 1 2\r\n", `it is malformed`},
	{"v1, zone", "PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n", `it is malformed`},
	{"v1, endless", "PROXY UNKNOWN " + strings.Repeat("x", 200), `it is too long: "PROXY UNKNOWN xxxxxxxxxxxxxxxxxx"`},
	{"v1, 108 octets", "PROXY UNKNOWN " + strings.Repeat("x", 92) + "\r\n", `it is too long: "PROXY UNKNOWN xxxxxxxxxxxxxxxxxx"`},

	{"v2, version 1", sig2 + "\x11\x11\x00\x0c" + block4, `it is malformed: "\r\n\r\n\x00\r\nQUIT\n\x11\x11\x00\f\xc0\xa8\x00\x01`},
	{"v2, no such command", sig2 + "\x22\x11\x00\x0c" + block4, `it is malformed`},
	{"v2, no such family", sig2 + "\x21\x41\x00\x0c" + block4, `it is malformed`},
	{"v2, no such protocol", sig2 + "\x21\x13\x00\x0c" + block4, `it is malformed`},
	{"v2, too short for TCP4", sig2 + "\x21\x11\x00\x0b" + block4[:11], `it is malformed`},
	{"v2, too short for TCP6", sig2 + "\x21\x21\x00\x23" + block6[:35], `it is malformed`},
	{"v2, too short for Unix", sig2 + "\x21\x31\x00\x0c" + block4, `it is malformed`},
	{"v2, no room at all", sig2 + "\x21\x11\x00\x00", `it is malformed`},
	{"v2, 4097 octets", sig2 + "\x21\x11\x10\x01", `it is too long`},
	{"v2, 65535 octets", sig2 + "\x20\x00\xff\xff", `it is too long`},
	{"v2, 65535 octets of nothing", sig2 + "\x21\x00\xff\xff", `it is too long`},
}
