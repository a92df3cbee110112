package provider_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// hello runs a command over the connection and returns its output.
func hello(t *testing.T, connection props) (string, error) {
	t.Helper()
	it := newEngine(t).resource(remoteCommand)
	err := it.create(props{"connection": object(connection), "create": text("echo hello")})
	return stdoutOrNothing(it.state), err
}

func stdoutOrNothing(state property.Map) string {
	if stdout := state.Get("stdout"); stdout.IsString() {
		return stdout.AsString()
	}
	return ""
}

func mustHello(t *testing.T, connection props) {
	t.Helper()
	if got, err := hello(t, connection); err != nil || got != "hello" {
		t.Errorf("got %q, error %v", got, err)
	}
}

// refused asserts that no command ran and that the error holds every text.
func refused(t *testing.T, connection props, wanted ...string) {
	t.Helper()
	got, err := hello(t, connection)
	if err == nil || got != "" {
		t.Fatalf("got %q, error %v", got, err)
	}
	for _, want := range wanted {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
}

func TestHostKey(t *testing.T) {
	h := startHost(t)
	login := h.login(t)
	retrying := with(login, props{"dialErrorLimit": number(10)})
	other := newKey(t)

	t.Run("right", func(t *testing.T) { mustHello(t, login) })
	t.Run("right, with a comment", func(t *testing.T) {
		mustHello(t, with(login, props{"hostKey": text(h.hostKey.public + " root@host\n")}))
	})
	t.Run("none", func(t *testing.T) {
		unverified := with(login, props{})
		delete(unverified, "hostKey")
		mustHello(t, unverified)
	})
	t.Run("wrong", func(t *testing.T) {
		before := h.accepted.Load()
		refused(t, with(retrying, props{"hostKey": text(other.public)}),
			"host key mismatch", h.address(), fingerprint(t, h.hostKey.public), fingerprint(t, other.public))
		if attempts := h.accepted.Load() - before; attempts != 1 {
			t.Errorf("%d attempts, want 1: another attempt cannot help", attempts)
		}
	})
	t.Run("another type", func(t *testing.T) {
		refused(t, with(retrying, props{"hostKey": text(ecdsaLine(t))}), h.address(), "attempts: 1", "ssh-ed25519", "ecdsa-sha2-nistp256")
	})
	t.Run("not a key", func(t *testing.T) {
		refused(t, with(retrying, props{"hostKey": text("127.0.0.1 nonsense")}), "hostKey", h.address(), "ssh-ed25519")
	})
}

func ecdsaLine(t *testing.T) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(public))
}

func fingerprint(t *testing.T, line string) string {
	t.Helper()
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(public)
}

func TestUnreachableHost(t *testing.T) {
	h := startHost(t)
	closed := with(h.login(t), props{"port": number(float64(closedPort(t))), "dialErrorLimit": number(2)})
	refused(t, closed, "127.0.0.1:", "attempts: 3", "connection refused")
}

func TestHostThatIsNotReadyYet(t *testing.T) {
	h := startHost(t)
	h.drop.Store(2)
	mustHello(t, with(h.login(t), props{"dialErrorLimit": number(2)}))
	h.drop.Store(2)
	mustHello(t, with(h.login(t), props{"dialErrorLimit": number(-1)}))
	h.drop.Store(2)
	refused(t, with(h.login(t), props{"dialErrorLimit": number(1)}), "attempts: 2")
}

func TestHostThatNeverAnswers(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	port := number(float64(silent.Addr().(*net.TCPAddr).Port))
	h := startHost(t)
	refused(t, with(h.login(t), props{"port": port, "perDialTimeout": number(1)}), "no answer in 1s")

	target := with(h.login(t), props{"port": port, "perDialTimeout": number(1), "proxy": object(startHost(t).login(t))})
	refused(t, target, "through proxy", "no answer in 1s")
}

func closedPort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestProxy(t *testing.T) {
	bastion, target := startHost(t), startHost(t)
	through := func(proxy props) props { return with(target.login(t), props{"proxy": object(proxy)}) }

	mustHello(t, through(bastion.login(t)))
	if bastion.accepted.Load() != 1 || target.accepted.Load() != 1 {
		t.Errorf("connections: bastion %d, target %d", bastion.accepted.Load(), target.accepted.Load())
	}
	wrong := text(newKey(t).public)
	refused(t, through(with(bastion.login(t), props{"hostKey": wrong})), "proxy", "mismatch", bastion.address())
	refused(t, with(through(bastion.login(t)), props{"hostKey": wrong}), "mismatch", target.address())
	refused(t, through(with(bastion.login(t), props{"port": number(float64(closedPort(t)))})), "proxy", "refused")

	blocked := startHost(t, "AllowTcpForwarding no")
	refused(t, through(blocked.login(t)), "through proxy "+blocked.address(), target.address())
}

func TestPrivateKey(t *testing.T) {
	h := startHost(t)
	locked := text(h.userKey.encrypted(t, "open-sesame"))
	mustHello(t, with(h.login(t), props{"privateKey": locked, "privateKeyPassword": secret("open-sesame")}))
	refused(t, with(h.login(t), props{"privateKey": locked, "privateKeyPassword": secret("wrong-word")}), "privateKey", h.address())
	refused(t, with(h.login(t), props{"privateKey": locked}), "privateKey")
	refused(t, with(h.login(t), props{"privateKey": text(newKey(t).private)}), "unable to authenticate", h.address())
}

func TestPassword(t *testing.T) {
	for _, method := range []string{"password", "keyboard-interactive"} {
		t.Run(method, func(t *testing.T) {
			port := startPasswordHost(t, method, "right-word")
			connection := props{"host": text("127.0.0.1"), "port": number(float64(port)), "dialErrorLimit": number(0)}
			mustHello(t, with(connection, props{"password": secret("right-word")}))
			refused(t, with(connection, props{"password": secret("wrong-word")}), "unable to authenticate")
		})
	}
}

func TestAgent(t *testing.T) {
	h := startHost(t)
	login := h.login(t)
	keyless := with(login, props{})
	delete(keyless, "privateKey")
	socket := startAgent(t, h.userKey)
	dead := text(filepath.Join(t.TempDir(), "nobody"))

	t.Run("alone", func(t *testing.T) { mustHello(t, with(keyless, props{"agentSocketPath": text(socket)})) })
	t.Run("from the environment", func(t *testing.T) {
		e := newEngine(t)
		t.Setenv("SSH_AUTH_SOCK", socket)
		it := e.resource(remoteCommand)
		if got := stdoutOf(it.mustCreate(props{"connection": object(keyless), "create": text("echo hello")})); got != "hello" {
			t.Errorf("stdout: %q", got)
		}
	})
	t.Run("after a key that the host does not know", func(t *testing.T) {
		mustHello(t, with(login, props{"privateKey": text(newKey(t).private), "agentSocketPath": text(socket)}))
	})
	t.Run("dead, with a key", func(t *testing.T) { mustHello(t, with(login, props{"agentSocketPath": dead})) })
	t.Run("dead, alone", func(t *testing.T) {
		refused(t, with(keyless, props{"agentSocketPath": dead}), "agent", h.address())
	})
}

// startAgent serves an SSH agent that holds one key, and returns its socket.
func startAgent(t *testing.T, held key) string {
	t.Helper()
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: held.raw}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(keyring, conn) }()
		}
	}()
	return socket
}
