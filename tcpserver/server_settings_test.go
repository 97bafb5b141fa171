package tcpserver

import (
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A documented setting, as the component's inventory has it.
type documented struct {
	name    string
	connect bool   // it belongs to a connection
	def     string // the documented default, "" also where none is

	here   string   // the default here where it is another; "-" for what cannot be compared
	why    string   // the reason
	good   string   // a value that can be set; "" for what is only read
	bad    []string // values that cannot
	refuse string   // not empty: the setting is refused, with an advice that has this in it
}

const (
	noOpenSSL = "OpenSSL"
	autotuned = "0 leaves the buffer to the system, which is what no value means there"
	goList    = "crypto/tls knows fewer; its own list is the default"
)

// inventory are all settings that the component documents.
var inventory = []documented{
	{name: "AllowedClients", def: "*", good: "10.0.0.0/8", bad: []string{"10.0.0.0/99"}},
	{name: "BindExclusively", def: "True", good: "False", bad: []string{"", "perhaps"}},
	{name: "BlockedClients", good: "192.0.2.*", bad: []string{"a b"}},
	{name: "DefaultConnectionTimeout", def: "0", good: "15", bad: []string{"-1", "soon"}},
	{name: "InBufferSize", here: "0", why: autotuned, good: "65536", bad: []string{"-1", "x"}},
	{name: "KeepAliveInterval", here: "0", why: "0 is the system's or Go's value", good: "2000", bad: []string{"-1"}},
	{name: "KeepAliveTime", here: "0", why: "0 is the system's or Go's value", good: "60000", bad: []string{"-1"}},
	{name: "MaxConnections", def: "1000", good: "100000", bad: []string{"0", "100001", "many"}},
	{name: "OutBufferSize", here: "0", why: autotuned, good: "65536", bad: []string{"-1", "x"}},
	{name: "TcpNoDelay", def: "False", here: "True", why: "as Go has it: small packets wait for nobody", good: "False", bad: []string{"2"}},
	{name: "UseIPv6", def: "0", good: "2", bad: []string{"3", "-1"}},
	{name: "LogSSLPackets", def: "False", good: "True", bad: []string{"x"}},
	{name: "OpenSSLCADir", refuse: noOpenSSL},
	{name: "OpenSSLCAFile", refuse: noOpenSSL},
	{name: "OpenSSLCipherList", def: "DEFAULT", refuse: noOpenSSL},
	{name: "OpenSSLPrngSeedData", refuse: "random"},
	{name: "ReuseSSLSession", here: "True", why: "documented for clients; here a server gives tickets", good: "False", bad: []string{"x"}},
	{name: "SSLAcceptAnyServerCert", def: "False", refuse: "client"},
	{name: "SSLCACerts", good: "-", bad: []string{"no PEM"}},
	{name: "SSLCipherStrength", here: "0", why: "none is asked for", good: "256", bad: []string{"-1", "257"}},
	{name: "SSLClientCACerts", good: "-", bad: []string{"no PEM"}},
	{name: "SSLEnabledCipherSuites", def: "*", good: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", bad: []string{"", "TLS_NO_SUCH_SUITE"}},
	{name: "SSLEnabledProtocols", def: "3072", here: "15360", why: "TLS 1.3 as well as 1.2", good: "12288", bad: []string{"0", "48"}},
	{name: "SSLEnableRenegotiation", def: "False", refuse: "renegotiat"},
	{name: "SSLIncludeCertChain", def: "False", refuse: "client"},
	{name: "SSLKeyLogFile", good: "-", bad: []string{"no/such/folder/keys.log"}},
	{name: "SSLNegotiatedCipher", connect: true},
	{name: "SSLNegotiatedCipherStrength", connect: true},
	{name: "SSLNegotiatedCipherSuite", connect: true},
	{name: "SSLNegotiatedKeyExchange", connect: true},
	{name: "SSLNegotiatedKeyExchangeStrength", connect: true},
	{name: "SSLNegotiatedVersion", connect: true},
	{name: "SSLSecurityFlags", def: "0", refuse: "Windows"},
	{name: "SSLServerCACerts", refuse: "client"},
	{name: "TLS12SignatureAlgorithms", def: "sha512-ecdsa,sha512-rsa,sha512-dsa,sha384-ecdsa,sha384-rsa,sha384-dsa,sha256-ecdsa,sha256-rsa,sha256-dsa," +
		"sha224-ecdsa,sha224-rsa,sha224-dsa,sha1-ecdsa,sha1-rsa,sha1-dsa", why: goList, good: "sha256-ecdsa,sha256-rsa", bad: []string{"rot13"}},
	{name: "TLS12SupportedGroups", def: "ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1", why: goList, good: "ecdhe_secp384r1", bad: []string{"ffdhe_2048"}},
	{name: "TLS13KeyShareGroups", def: "ecdhe_x25519,ecdhe_secp256r1,ecdhe_secp384r1,ffdhe_2048,ffdhe_3072", refuse: "TLS13SupportedGroups"},
	{name: "TLS13SignatureAlgorithms", def: "rsa_pss_sha256,rsa_pss_sha384,rsa_pss_sha512,rsa_pkcs1_sha256,rsa_pkcs1_sha384,rsa_pkcs1_sha512," +
		"ecdsa_secp256r1_sha256,ecdsa_secp384r1_sha384,ecdsa_secp521r1_sha512,ed25519,ed448", why: goList, good: "ecdsa_secp256r1_sha256", bad: []string{"ed448"}},
	{name: "TLS13SupportedGroups", def: "ecdhe_x25519,ecdhe_x448,ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1," +
		"ffdhe_2048,ffdhe_3072,ffdhe_4096,ffdhe_6144,ffdhe_8192", why: goList, good: "ecdhe_x25519", bad: []string{"ecdhe_x448"}},
	{name: "BuildInfo", here: "-", why: "it tells the versions"},
	{name: "CodePage", def: "65001", good: "1252", bad: []string{"1", "UTF-8", "708"}},
	{name: "LicenseInfo", here: "-", why: "it tells the licence"},
	{name: "MaskSensitiveData", def: "True", good: "False", bad: []string{"x"}},
	{name: "UseInternalSecurityAPI", def: "False", here: "True", why: "Go's cryptography is all there is", good: "True", bad: []string{"False"}},
}

// sample is a good value where the table cannot hold one.
func (d documented) sample(t *testing.T) string {
	switch {
	case d.good != "-":
		return d.good
	case d.name == "SSLKeyLogFile":
		return file(t, "keys.log", "")
	}
	return testCA().certPEM()
}

func TestServerSettingsOfTheInventory(t *testing.T) {
	t.Parallel()
	assert.Len(t, inventory, 44)
	for _, d := range inventory {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			defer srv.Reset() // closes files
			value, err := srv.Config(d.name)
			switch {
			case d.refuse != "":
				d.isRefused(t, srv)
				return
			case d.connect:
				assert.Equal(t, 10022, code(t, err), "it needs a ConnectionID")
				_, err = srv.Config(d.name + "[1]")
				assert.Equal(t, 126, code(t, err))
				return
			}
			require.NoError(t, err)
			d.hasDefault(t, value)
			d.canBeSet(t, srv, value)
		})
	}
}

func (d documented) isRefused(t *testing.T, srv *Server) {
	for _, text := range []string{d.name, d.name + "=" + d.def, strings.ToLower(d.name) + "=1"} {
		_, err := srv.Config(text)
		assert.Equal(t, 10045, code(t, err))
		assert.ErrorContains(t, err, d.name)
		assert.ErrorContains(t, err, d.refuse)
	}
}

func (d documented) hasDefault(t *testing.T, value string) {
	switch {
	case d.here == "-":
		assert.Contains(t, value, "ediport")
	case d.why != "":
		assert.Equal(t, d.here, value, d.why)
		assert.NotEqual(t, d.def, value, "it is no difference")
	default:
		assert.Equal(t, d.def, value)
	}
}

func (d documented) canBeSet(t *testing.T, srv *Server, def string) {
	_, err := srv.Config(d.name + "[1]")
	assert.Equal(t, 10022, code(t, err), "it has no index")
	if d.good == "" {
		_, err := srv.Config(d.name + "=x")
		assert.Equal(t, 10022, code(t, err), "it can only be read")
		return
	}
	good := d.sample(t)
	set(t, srv, strings.ToUpper(d.name)+"="+good)
	value, err := srv.Config(" " + d.name + " ")
	require.NoError(t, err)
	assert.Equal(t, good, value)
	for _, bad := range d.bad {
		_, err := srv.Config(d.name + "=" + bad)
		if assert.Error(t, err, bad) {
			assert.Contains(t, []int{10022, 10045}, code(t, err), bad)
			assert.ErrorContains(t, err, d.name)
		}
		value, err := srv.Config(d.name)
		require.NoError(t, err)
		assert.Equal(t, good, value, "a bad value changes nothing")
	}
	srv.Reset()
	value, err = srv.Config(d.name)
	require.NoError(t, err)
	assert.Equal(t, def, value, "Reset brings the default back")
}

func TestServerBooleansOfSettings(t *testing.T) {
	t.Parallel()
	srv := NewServer()
	for text, want := range map[string]string{"True": "True", "tRUE": "True", "1": "True", "Yes": "True", "no": "False", "0": "False", "FALSE": "False"} {
		value, err := srv.Config("TcpNoDelay=" + text)
		require.NoError(t, err, text)
		assert.Equal(t, want, value, text)
	}
}

func TestServerSettingsOfAConnection(t *testing.T) {
	t.Parallel()
	for way, reach := range serverWays {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			srv := NewServer()
			p, c, j := reach(t, srv)
			for _, d := range inventory {
				if !d.connect {
					continue
				}
				name := d.name + "[" + c.ConnectionID() + "]"
				value, err := srv.Config(name)
				require.NoError(t, err)
				assert.Equal(t, way == "TLS", value != "", name)
				_, err = srv.Config(name + "=x")
				assert.Equal(t, 10022, code(t, err), "it can only be read")
			}
			require.NoError(t, p.Close())
			j.expect(t, "Disconnected")
			_, err := srv.Config("SSLNegotiatedVersion[" + c.ConnectionID() + "]")
			assert.Equal(t, 126, code(t, err))
		})
	}
}

// Settings of the core that are properties of a server.
func TestServerPropertiesAreNoSettings(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"DefaultIdleTimeout", "KeepAlive", "Linger"} {
		for _, text := range []string{name, name + "=1"} {
			_, err := NewServer().Config(text)
			assert.Equal(t, 10045, code(t, err))
			assert.ErrorContains(t, err, "field "+name)
		}
	}
}

// A member is a row of one of the other tables: a name, and what has it here.
type member struct {
	name string // as documented
	def  any    // the default here
	here string // its name here where it is another; "-" when it is none
	why  string // why name or default are another
}

const (
	octets    = "a string of Go holds any octets"
	inTime    = "time.Duration in the place of seconds"
	goID      = "initialisms of Go"
	method    = "a method, for it cannot be set"
	userValue = "any value in the place of a string"
)

var serverProperties = []member{
	{"ConnectionBacklog", 0, "", "documented 5; 0 is the most that the system can"},
	{"Connections", nil, "Connections", method},
	{"DefaultEOL", "", "", ""},
	{"DefaultIdleTimeout", time.Duration(0), "", inTime},
	{"DefaultMaxLineLength", 2048, "", ""},
	{"DefaultSingleLineMode", false, "", ""},
	{"DefaultTimeout", time.Duration(0), "", inTime},
	{"KeepAlive", true, "", "documented False; probes find peers that are gone"},
	{"Linger", true, "", ""},
	{"Listening", nil, "Listening", method},
	{"LocalHost", "", "", ""},
	{"LocalPort", 0, "", ""},
	{"SSLAuthenticateClients", false, "", ""},
	{"SSLCert", (*certstore.Certificate)(nil), "", ""},
	{"SSLEnabled", false, "", ""},
	{"SSLProvider", ProviderAutomatic, "", ""},
	{"SSLStartMode", StartNone, "", ""},
}

func TestServerPropertiesOfTheInventory(t *testing.T) {
	t.Parallel()
	assert.Len(t, serverProperties, 17)
	srv := NewServer()
	for _, p := range serverProperties {
		if p.why == method {
			assert.True(t, reflect.ValueOf(srv).MethodByName(p.name).IsValid(), p.name)
			continue
		}
		field := reflect.ValueOf(srv).Elem().FieldByName(p.name)
		if assert.True(t, field.IsValid(), p.name) {
			assert.Equal(t, p.def, field.Interface(), p.name)
		}
	}
	assert.False(t, srv.Listening())
	assert.Nil(t, srv.Addr())
	for range srv.Connections() {
		assert.Fail(t, "nobody has connected")
	}
}

func TestServerMethodsOfTheInventory(t *testing.T) {
	t.Parallel()
	// A method's parameters, behind those of the table the error where it can fail.
	methods := map[string]any{
		"ChangeRecordLength": (*Server).ChangeRecordLength,
		"Config":             (*Server).Config,
		"Disconnect":         (*Server).Disconnect,
		"DoEvents":           (*Server).DoEvents,
		"Interrupt":          (*Server).Interrupt,
		"PauseData":          (*Server).PauseData,
		"ProcessData":        (*Server).ProcessData,
		"Reset":              (*Server).Reset,
		"Send":               (*Server).Send,
		"SendBytes":          (*Server).SendBytes,
		"SendFile":           (*Server).SendFile,
		"SendLine":           (*Server).SendLine,
		"SendText":           (*Server).SendText,
		"Shutdown":           (*Server).Shutdown,
		"StartListening":     (*Server).StartListening,
		"StartSSL":           (*Server).StartSSL,
		"StopListening":      (*Server).StopListening,
	}
	assert.Len(t, methods, 17)
	// Each that names a connection is one of Connection, too.
	conn := reflect.TypeFor[*Connection]()
	for name, f := range methods {
		form := reflect.TypeOf(f)
		if name == "Config" || form.NumIn() < 2 {
			continue
		}
		own, ok := conn.MethodByName(name)
		if assert.True(t, ok, name) {
			assert.Equal(t, form.NumIn()-1, own.Type.NumIn(), "%s without ConnectionID", name)
		}
	}
}

func TestServerEventsOfTheInventory(t *testing.T) {
	t.Parallel()
	events := map[string]string{
		"Connected":         "ConnectionID StatusCode Description",
		"ConnectionRequest": "Address Port Accept",
		"DataIn":            "ConnectionID TextB EOL Text()",
		"Disconnected":      "ConnectionID StatusCode Description",
		"Error":             "ConnectionID ErrorCode Description",
		"ReadyToSend":       "ConnectionID",
		// CertEncodedB is CertEncoded: octets.
		"SSLClientAuthentication": "ConnectionID CertEncoded CertSubject CertIssuer Status Accept",
		"SSLConnectionRequest":    "ConnectionID SupportedCipherSuites SupportedSignatureAlgs CertStoreType CertStore CertPassword CertSubject",
		"SSLStatus":               "ConnectionID Message",
	}
	hooks := reflect.TypeFor[Events]()
	assert.Len(t, events, hooks.NumField())
	for name, parameters := range events {
		hook, ok := hooks.FieldByName("On" + name)
		if !assert.True(t, ok, name) {
			continue
		}
		event := hook.Type.In(0)
		for _, parameter := range strings.Fields(parameters) {
			if asMethod, ok := strings.CutSuffix(parameter, "()"); ok {
				_, ok = event.MethodByName(asMethod)
				assert.True(t, ok, "%s.%s", name, parameter)
				continue
			}
			_, ok := event.Elem().FieldByName(parameter)
			assert.True(t, ok, "%s.%s", name, parameter)
		}
	}
}

// connectionFields have the default that a new connection has.
var connectionFields = []member{
	{"AcceptData", true, "", ""},
	{"BytesSent", 0, "", ""},
	{"Connected", true, "", "documented False, which it is before there is a connection"},
	{"ConnectionId", "1", "ConnectionID", goID},
	{"EOL", "", "", ""},
	{"EOLB", nil, "-", octets},
	{"IdleTimeout", time.Duration(0), "", inTime},
	{"LocalAddress", "127.0.0.1", "", ""},
	{"MaxLineLength", 2048, "", ""},
	{"ReadyToSend", true, "", "documented False, which it is before there is a connection"},
	{"RecordLength", 0, "", ""},
	{"RemoteHost", "127.0.0.1", "", ""},
	{"RemotePort", nil, "", ""},
	{"SingleLineMode", false, "", ""},
	{"Timeout", time.Duration(0), "", inTime},
	{"UserData", nil, "", userValue},
	{"UserDataB", nil, "-", userValue},
}

func TestServerConnectionFieldsOfTheInventory(t *testing.T) {
	t.Parallel()
	assert.Len(t, connectionFields, 17)
	p, c, _ := serverWays["TCP"](t, NewServer())
	writable := map[string]bool{"EOL": true, "IdleTimeout": true, "MaxLineLength": true, "SingleLineMode": true, "Timeout": true, "UserData": true}
	value := reflect.ValueOf(c)
	for _, f := range connectionFields {
		name := f.name
		if f.here != "" {
			name = f.here
		}
		get := value.MethodByName(name)
		assert.Equal(t, name != "-", get.IsValid(), "%s: %s", f.name, f.why)
		if !get.IsValid() {
			continue
		}
		assert.Equal(t, writable[name], value.MethodByName("Set"+name).IsValid(), "Set%s", name)
		got := get.Call(nil)[0].Interface()
		switch {
		case f.name == "RemotePort":
			assert.Equal(t, p.LocalAddr().(*net.TCPAddr).Port, got)
		default:
			assert.Equal(t, f.def, got, name)
		}
	}
}
