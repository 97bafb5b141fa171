package trap_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// issue makes a certificate that ends at the given time, signed by the issuer
// or by itself.
func issue(t *testing.T, name string, ends time.Time, issuer *tls.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: ends,
		IsCA: issuer == nil, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	parent, signer := template, any(key)
	if issuer != nil {
		parent, signer = issuer.Leaf, issuer.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func poolOf(cert *tls.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	return pool
}

// pair is a connection by TCP: unlike those of a [net.Pipe], its sides can write
// an alert without waiting for the other to read it.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	client, err = net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	server, err = ln.Accept()
	require.NoError(t, err)
	for _, side := range []net.Conn{client, server} {
		require.NoError(t, side.SetDeadline(time.Now().Add(10*time.Second)))
		t.Cleanup(func() { side.Close() })
	}
	return client, server
}

// handshake runs one and returns what both sides say. A client of TLS 1.3 is
// done before the server is, so it reads once more.
func handshake(t *testing.T, server, client *tls.Config) (serverErr, clientErr error) {
	there, here := pair(t)
	done := make(chan error, 1)
	go func() {
		defer there.Close()
		c := tls.Client(there, client)
		_, err := c.Read(make([]byte, 1))
		done <- err
	}()
	s := tls.Server(here, server)
	serverErr = s.Handshake()
	here.(*net.TCPConn).CloseWrite() // so that the alert still arrives
	return serverErr, <-done
}

func TestHandshakesThatFail(t *testing.T) {
	t.Parallel()
	later, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	ca := issue(t, "CA", later, nil)
	good := issue(t, "localhost", later, ca)
	expired := issue(t, "expired", past, ca)
	stranger := issue(t, "stranger", later, nil)
	for _, row := range []struct {
		name           string
		server, client func(c *tls.Config)
		code           int
	}{
		{"no version in common", func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, 276},
		{"no suite in common", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
		}, func(c *tls.Config) { c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384} }, 276},
		{"no group in common", func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} },
			func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP256} }, 276},
		{"no protocol in common", func(c *tls.Config) { c.NextProtos = []string{"a"} }, func(c *tls.Config) { c.NextProtos = []string{"b"} }, 276},
		{"no certificate for the server", func(c *tls.Config) { c.Certificates = nil; c.GetCertificate = noCertificate }, nil, 276},
		{"the client does not trust the server", nil, func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }, 276},
		{"the client expects another name", nil, func(c *tls.Config) { c.ServerName = "example" }, 276},
		{"no certificate of the client", func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }, nil, 281},
		{"no certificate of the client, TLS 1.2", func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 }, nil, 281},
		{"the client is unknown", func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert }, func(c *tls.Config) { c.GetClientCertificate = shows(stranger) }, 275},
		{"the client's certificate is over", func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert },
			func(c *tls.Config) { c.GetClientCertificate = shows(expired) }, 280},
		{"the server decides so", func(c *tls.Config) {
			c.VerifyConnection = func(tls.ConnectionState) error { return trap.New(282, "as it likes") }
		}, nil, 282},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server := &tls.Config{Certificates: []tls.Certificate{*good}, ClientCAs: poolOf(ca)}
			client := &tls.Config{ServerName: "localhost", RootCAs: poolOf(ca)}
			if row.server != nil {
				row.server(server)
			}
			if row.client != nil {
				row.client(client)
			}
			serverErr, clientErr := handshake(t, server, client)
			assert.Equal(t, row.code, trap.Code(serverErr), "%v", serverErr)
			assert.Equal(t, row.code, trap.Code(fmt.Errorf("connection 7: %w", serverErr)))
			assert.Contains(t, []int{275, 276, 280}, trap.Code(clientErr), "%v", clientErr)
		})
	}
}

// shows has a client show a certificate whatever the server asks for.
func shows(cert *tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
}

func noCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }

func TestAHandshakeWithSomethingElse(t *testing.T) {
	t.Parallel()
	there, here := pair(t)
	_, err := io.WriteString(there, "GET / HTTP/1.1\r\nHost: edi.example\r\n\r\n")
	require.NoError(t, err)
	err = tls.Server(here, &tls.Config{}).Handshake()
	assert.ErrorAs(t, err, new(tls.RecordHeaderError))
	assert.Equal(t, 276, trap.Code(err))
}

// spoiler is a connection whose reads go wrong by one bit from a moment on.
type spoiler struct {
	net.Conn
	on bool
}

func (s *spoiler) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if s.on && n > 0 {
		p[n-1] ^= 1
	}
	return n, err
}

func TestRecordsThatCannotBeDecrypted(t *testing.T) {
	t.Parallel()
	ca := issue(t, "CA", time.Now().Add(time.Hour), nil)
	there, here := pair(t)
	line := &spoiler{Conn: here}
	server := tls.Server(line, &tls.Config{
		Certificates: []tls.Certificate{*issue(t, "localhost", time.Now().Add(time.Hour), ca)}, SessionTicketsDisabled: true,
	})
	client := tls.Client(there, &tls.Config{ServerName: "localhost", RootCAs: poolOf(ca)})
	shaken := make(chan error, 1)
	go func() { shaken <- client.Handshake() }()
	require.NoError(t, server.Handshake())
	require.NoError(t, <-shaken)

	line.on = true
	answer := make(chan error, 1)
	go func() {
		io.WriteString(client, "to be spoiled")
		_, err := client.Read(make([]byte, 1))
		answer <- err
	}()
	_, err := server.Read(make([]byte, 100))
	assert.Equal(t, 284, trap.Code(err), "%v", err)
	err = <-answer
	assert.Equal(t, 283, trap.Code(err), "%v", err)
}

func TestErrorsOfCertificates(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  error
		code int
	}{
		{x509.UnknownAuthorityError{}, 275},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, 275},
		{x509.SystemRootsError{Err: io.ErrNoProgress}, 271},
		{x509.CertificateInvalidError{Cert: new(x509.Certificate), Reason: x509.Expired}, 280},
		{x509.HostnameError{Certificate: new(x509.Certificate), Host: "edi.example"}, 280},
		{x509.InsecureAlgorithmError(x509.SHA1WithRSA), 280},
		{x509.ConstraintViolationError{}, 280},
		{x509.UnhandledCriticalExtension{}, 280},
		{tls.AlertError(40), 276},
		{&tls.ECHRejectionError{}, 276},
	} {
		assert.Equal(t, row.code, trap.Code(row.err), "%T", row.err)
	}
}
