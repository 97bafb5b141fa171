package oftp_test

import (
	"strings"
	"testing"

	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServerSettings(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, def, other, read, bad string }{
		{"CloseStreamAfterTransfer", "True", "no", "False", "maybe"},
		{"CodePage", "65001", "65001", "65001", "1252"},
		{"DisconnectAfterEndSession", "False", "1", "True", ""},
		{"FailOnUntrustedCert", "False", "True", "True", "x"},
		{"FireEndResponseOnSend", "False", "yes", "True", "2"},
		{"FollowRedirects", "0", "samescheme", "2", "3"},
		{"FriendlyLogFormat", "False", "True", "True", "x"},
		{"LogLevel", "1", "debug", "3", "4"},
		{"SecureAuthentication", "0", "0", "0", "2"},
		{"SendCDAfterEFPA", "False", "true", "True", "x"},
		{"TrustedCertsData", "", "https://ca.example/all.pem", "https://ca.example/all.pem", "-"},
		{"VirtualFileDateFormat", "MM/dd/yyyy HH:mm:ss", "yyyy", "yyyy", "QQ"},
		// New connections start with these.
		{"AllowRetry", "False", "True", "True", "x"},
		{"BufferCompression", "True", "False", "False", "x"},
		{"CDAfterSendEndResponse", "False", "True", "True", "x"},
		{"ConnectionType", "0", "receiveonly", "2", "3"},
		{"CreditCount", "999", "1", "1", "0"},
		{"ExchangeBufferSize", "99999", "128", "128", "127"},
		{"FileDescription", "", "what it is", "what it is", strings.Repeat("x", 1000)},
		{"FurtherSFIDCodes", "", "A,B", "A,B", strings.Repeat("x", 26)},
		{"ReceivedFileNameFormat", "%VirtualFileName%", "%GUID%", "%GUID%", "%Nothing%"},
		{"RecordSeparator", "CRLF", "LF", "LF", "CR"},
		{"Restart", "True", "False", "False", "x"},
		{"StrictFileCounts", "False", "True", "True", "x"},
		{"TempPath", "", "/somewhere", "/somewhere", "-"},
		// Of the core, which has tests of its own.
		{"MaxConnections", "1000", "5", "5", "0"},
		{"MaskSensitiveData", "True", "False", "False", "x"},
	}
	for _, on := range []interface{ Config(string) (string, error) }{oftp.NewServer(), oftp.NewClient()} {
		for _, row := range cases {
			get := func(want string) {
				got, err := on.Config(strings.ToUpper(row.name))
				require.NoError(t, err, row.name)
				assert.Equal(t, want, got, row.name)
			}
			get(row.def)
			got, err := on.Config(row.name + "=" + row.other)
			require.NoError(t, err)
			assert.Equal(t, row.read, got, row.name)
			if row.bad != "-" {
				_, err = on.Config(row.name + "=" + row.bad)
				assert.Error(t, err, row.name)
			}
			get(row.read)
		}
	}
}

func TestSettingsOfAConnection(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(s *oftp.Server) { set(t, s, "FileDescription=for all") })
	one, two := session(t, srv, nil), session(t, srv, nil)
	require.NoError(t, one.SendFile("", writeFile(t, "f", nil), "F"))
	_ = two
	first, second := "[1]", "[2]"
	set(t, srv, "FileDescription"+first+"=for one", "TempPath"+first+"=/x", "ReceivedFileNameFormat"+first+"=%GUID%",
		"FurtherSFIDCodes"+first+"=A", "RecordSeparator"+first+"=LF", "StrictFileCounts"+first+"=True",
		"AllowRetry"+first+"=True", "CDAfterSendEndResponse"+first+"=True", "IdleTimeout"+first+"=99")
	for name, want := range map[string][3]string{
		"FileDescription": {"for one", "for all", "for all"}, "TempPath": {"/x", "", ""},
		"AllowRetry": {"True", "False", "False"}, "RecordSeparator": {"LF", "CRLF", "CRLF"},
	} {
		for i, index := range []string{first, second, ""} {
			got, err := srv.Config(name + index)
			require.NoError(t, err)
			assert.Equal(t, want[i], got, name+index)
		}
	}
	for _, fact := range []string{
		"ReceivedConnectionType", "ReceivedFileDateTime", "ReceivedFileDescription", "ReceivedFileName", "Retry",
		"ConnectionUID", "SSLNegotiatedVersion",
	} {
		_, err := srv.Config(fact + first)
		assert.NoError(t, err, fact)
		_, err = srv.Config(fact + first + "=x")
		assert.Equal(t, 10022, code(t, err), fact)
		_, err = srv.Config(fact + "[99]")
		assert.ErrorIs(t, err, oftp.ErrInvalidConnection, fact)
		_, err = srv.Config(fact)
		assert.Error(t, err, "%s is of a connection", fact)
	}
}

func TestWhatStartSessionHasSettledCannotBeChanged(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	c := session(t, srv, nil)
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "F"))
	for _, statement := range []string{
		"BufferCompression[1]=False", "ConnectionType[1]=1", "CreditCount[1]=5", "ExchangeBufferSize[1]=500",
		"Restart[1]=False", "ServerPassword[1]=X", "ServerSSIDCode[1]=X",
	} {
		for _, on := range []interface{ Config(string) (string, error) }{srv, c} {
			_, err := on.Config(statement)
			assert.Equal(t, 10022, code(t, err), statement)
		}
	}
	set(t, srv, "ServerSFIDCode[1]=O0055LATER")
	require.NoError(t, c.SendFile("O0055LATER", writeFile(t, "f", nil), "G"))
	set(t, srv, "CreditCount=5") // for connections to come
}

func TestPropertiesAreNoSettingsOfTheServer(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ServerPassword", "ServerSSIDCode", "ServerSFIDCode"} {
		_, err := oftp.NewServer().Config(name + "=X")
		assert.ErrorContains(t, err, "is a property")
	}
}

func TestFrozenWhileListening(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	_, err := srv.Config("MaxConnections=7")
	assert.Equal(t, 108, code(t, err))
	srv.Shutdown()
	set(t, srv, "MaxConnections=7")
}

func TestWhatNeedsCMSSaysSo(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	conn := session(t, srv, nil).Connection()
	for _, setting := range []string{
		"DefaultReceiptHashAlgorithm", "DeleteOnError", "ExchangeCertStoreType", "ExchangeCertSubject",
		"RecipientCertificateType", "CertificateStore[1]", "CertificateStorePassword[1]", "CertificateStoreType[1]",
		"CertificateSubject[1]", "CertificateType",
		"CertificateType[1]", "FileHashAlgorithm[1]", "ReceivedFileEncryptionAlg[1]",
	} {
		for _, statement := range []string{setting, setting + "=1"} {
			_, err := srv.Config(statement)
			assert.ErrorIs(t, err, oftp.ErrNotSupported, statement)
			assert.ErrorContains(t, err, "CMS", statement)
		}
	}
	for name, err := range map[string]error{
		"ExchangeCertificate":    srv.ExchangeCertificate("1", "X", "x.cer", oftp.CertificateRequest),
		"Compress":               conn.SetCompress(true),
		"SignedReceipt":          conn.SetSignedReceipt(true),
		"SecurityLevel":          conn.SetVirtualFileSecurityLevel(oftp.SecuritySigned),
		"EncryptionAlgorithm":    conn.SetEncryptionAlgorithm(oftp.EncryptAES),
		"Connection.Exchange...": conn.ExchangeCertificate("X", "x.cer", oftp.CertificateDeliver),
	} {
		assert.ErrorIs(t, err, oftp.ErrNotSupported, name)
	}
	assert.NoError(t, conn.SetCompress(false))
	assert.NoError(t, conn.SetVirtualFileSecurityLevel(oftp.SecurityNone))
}

func TestMethodsOfAConnectionThatIsNotThere(t *testing.T) {
	t.Parallel()
	srv := oftp.NewServer()
	_, recipient := srv.ValidateRecipientCert("9")
	for name, err := range map[string]error{
		"SendFile":              srv.SendFile("9", "", "x", "X"),
		"SendEndResponse":       srv.SendEndResponse("9", oftp.EndResponse{}),
		"ChangeDirection":       srv.ChangeDirection("9"),
		"Logoff":                srv.Logoff("9"),
		"Interrupt":             srv.Interrupt("9"),
		"Disconnect":            srv.Disconnect("9"),
		"ExchangeCertificate":   srv.ExchangeCertificate("9", "", "", 0),
		"ValidateRecipientCert": recipient,
	} {
		assert.ErrorIs(t, err, oftp.ErrInvalidConnection, name)
	}
	_, ok := srv.Connection("9")
	assert.False(t, ok)
	c := oftp.NewClient()
	_, err := c.ReceiveFiles()
	assert.ErrorIs(t, err, oftp.ErrNotConnected)
	assert.ErrorIs(t, c.SendFile("", "x", "X"), oftp.ErrNotConnected)
	assert.NoError(t, c.Logoff())
	c.Disconnect()
}

func TestPropertiesOfAConnection(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	c := session(t, srv, nil)
	require.NoError(t, c.SendFile("", writeFile(t, "f", nil), "F"))
	conn := onlyConnection(t, srv)
	assert.Equal(t, "1", conn.ConnectionID())
	assert.True(t, conn.Connected())
	assert.Equal(t, "127.0.0.1", conn.LocalAddress())
	assert.Equal(t, "127.0.0.1", conn.RemoteHost())
	assert.Positive(t, conn.RemotePort())
	assert.Equal(t, srv.DefaultTimeout, conn.Timeout())
	assert.Equal(t, oftp.Version20, conn.Version())
	assert.Equal(t, clientCode, conn.SSIDCode())
	assert.Equal(t, clientCode, conn.SFIDCode())
	require.NoError(t, conn.SetSFIDCode("O0055FILES"))
	assert.Equal(t, "O0055FILES", conn.SFIDCode())
	assert.Equal(t, 10022, code(t, conn.SetSFIDCode(strings.Repeat("X", 26))))
	assert.Equal(t, 10022, code(t, conn.SetVirtualFileFormat(4)))
	assert.Equal(t, 10022, code(t, conn.SetMaxRecordSize(100_000)))
	assert.Equal(t, oftp.CodeDate, code(t, conn.SetVirtualFileDate("the day after tomorrow")))
	assert.NoError(t, conn.SetVirtualFileDate("15-Mar-2024 14:07:33"))
	assert.Equal(t, stamped, conn.VirtualFileDate())
	assert.NoError(t, conn.SetVirtualFileDate(""))
	assert.False(t, conn.Compress() || conn.SignedReceipt() || conn.ReadyToSend())
	assert.Zero(t, int(conn.VirtualFileSecurityLevel())+int(conn.EncryptionAlgorithm()))
}

func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	scopes := map[string]int{}
	oftp.Settings(func(scope, name, _, _, access, doc string) {
		scopes[scope]++
		assert.NotEmpty(t, access, name)
		assert.NotEmpty(t, doc, name)
	})
	assert.Len(t, scopes, 3)
}
