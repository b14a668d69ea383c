// All live instances of a class, listed by V8: objects of a library that only the app refers to.
import { Session, type Runtime } from 'node:inspector';

/** A global of the shortest life, to pass objects to and from the inspector. */
const exchange = Symbol.for('pitchfork-ts.instances');
const globals = globalThis as { [exchange]?: object };

/**
 * All objects with `prototype` in their chain. Costs a full garbage collection, some 100 ms;
 * synchronous, since an inspector session of this process answers before `post` returns.
 */
export function instancesOf(prototype: object): object[] {
  const session = new Session();
  session.connect();
  try {
    globals[exchange] = prototype;
    const { result } = post<Runtime.EvaluateReturnType>(session, 'Runtime.evaluate', {
      expression: `globalThis[Symbol.for('${exchange.description}')]`,
    });
    const { objects } = post<Runtime.QueryObjectsReturnType>(session, 'Runtime.queryObjects', {
      prototypeObjectId: result.objectId,
    });
    const found: object[] = [];
    globals[exchange] = found;
    post(session, 'Runtime.callFunctionOn', {
      objectId: objects.objectId,
      functionDeclaration: `function () {
        for (const object of this) globalThis[Symbol.for('${exchange.description}')].push(object);
      }`,
    });
    // The prototype of a subclass is not an instance.
    return found.filter((object) => !Object.hasOwn(object, 'constructor'));
  } finally {
    delete globals[exchange];
    session.disconnect();
  }
}

function post<Answer>(session: Session, method: string, params: object): Answer {
  let answer: object | undefined;
  session.post(method, params, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  if (!answer) throw new Error(`the inspector did not answer ${method} at once`);
  return answer as Answer;
}
