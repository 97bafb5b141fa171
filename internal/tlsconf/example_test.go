package tlsconf_test

import (
	"crypto/tls"
	"fmt"
	"net"

	"github.com/ediport/ediport/internal/tlsconf"
)

// A setting that crypto/tls cannot honour is refused when it is set.
func ExampleCheckProtocols() {
	fmt.Println(tlsconf.CheckProtocols(3072 | 12288))
	fmt.Println(tlsconf.CheckProtocols(48))
	// Output:
	// <nil>
	// 10045: SSLEnabledProtocols=48 enables SSL 2 or SSL 3, which crypto/tls does not have; use 3072 (TLS 1.2) and 12288 (TLS 1.3)
}

// A listener compiles its settings once and makes a configuration for every
// connection it accepts.
func ExampleCompiled_Server() {
	compiled, err := tlsconf.Compile(tlsconf.Defaults())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = compiled.Close() }()

	accepted, peer := net.Pipe()
	go func() { _ = tls.Client(peer, &tls.Config{ServerName: "gateway.example"}).Handshake() }()
	conn := tls.Server(accepted, compiled.Server(tlsconf.Server{
		Choose: func(hello tlsconf.ClientAbilities) (*tls.Certificate, error) {
			fmt.Println("certificate for", hello.ServerName, "with", hello.Versions)
			return nil, nil
		},
	}))
	fmt.Println(conn.Handshake())
	// Output:
	// certificate for gateway.example with [TLSv1.3 TLSv1.2]
	// 282: the server has no certificate; set SSLCert
}
